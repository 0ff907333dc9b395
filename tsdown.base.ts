import type { UserConfig } from 'tsdown'

/** `new URL('./worker.ts', import.meta.url)` is right for the sources; what is published needs the built name. */
const workerUrls = {
  name: 'bse:worker-urls',
  transform(code: string): string | undefined {
    return code.includes('import.meta.url') ? code.replace(/new URL\('(\.\/[\w-]+)\.ts', import\.meta\.url\)/g, "new URL('$1.js', import.meta.url)") : undefined
  },
}

/**
 * What every package of the workspace builds alike: ESM with declarations beside it. Files keep their places, since a worker is found by its place
 * beside the module that starts it.
 */
export function packageConfig(entry: readonly string[], platform: 'neutral' | 'node' = 'neutral'): UserConfig {
  return {
    entry: [...entry],
    format: 'esm',
    platform,
    target: 'es2022',
    dts: true,
    fixedExtension: false,
    unbundle: true,
    plugins: [workerUrls],
  }
}
