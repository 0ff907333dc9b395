import { Miniflare } from 'miniflare'
import { build } from 'vite'

export interface RunningWorker {
  readonly url: string
  close(): Promise<void>
}

const COMPATIBILITY_DATE = '2026-07-01'

/** One module of everything that `entry` imports, resolved as Cloudflare's own tools do: nothing of Node is there. */
async function bundled(entry: string): Promise<string> {
  const result = await build({
    configFile: false, logLevel: 'silent',
    resolve: { conditions: ['@bse/source', 'workerd', 'worker', 'browser', 'module', 'import', 'default'] },
    build: { write: false, minify: false, target: 'es2024', lib: { entry, formats: ['es'], fileName: 'worker' } },
  })
  const [first] = Array.isArray(result) ? result : [result]
  if (first === undefined || !('output' in first) || first.output.length !== 1) throw new Error('the worker is not one module')
  return first.output[0].code
}

export interface WorkerOptions {
  /** What the worker's environment holds: buckets by name, each empty and gone with the worker. */
  readonly r2Buckets?: readonly string[]
  readonly bindings?: Readonly<Record<string, string>>
}

/** Cloudflare's own runtime on this machine, with the worker that `entry` exports by default. */
export async function startWorker(entry: string, { bindings = {}, r2Buckets = [] }: WorkerOptions): Promise<RunningWorker> {
  const contents = await bundled(entry)
  const miniflare = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.mjs', contents }], compatibilityDate: COMPATIBILITY_DATE, host: '127.0.0.1', port: 0,
    r2Buckets: [...r2Buckets], bindings: { ...bindings },
  })
  return { url: (await miniflare.ready).origin, close: () => miniflare.dispose() }
}
