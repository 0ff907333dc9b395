// Drives itself: runs the suites one case after the other, and tells the server that served it what came of each.
import { cacheStoreSuite } from '../../packages/core/src/testing/index.ts'
import { idbCache } from '../../packages/cache-idb/src/index.ts'
import { opfsCache } from '../../packages/cache-opfs/src/index.ts'

interface Case {
  readonly suite: string
  readonly name: string
  run(): Promise<void>
}

const PATIENCE_MS = 60_000
const cases: Case[] = []
let suite = ''
const runner = {
  describe: (name: string, body: () => void): void => {
    suite = name
    body()
  },
  it: (name: string, run: () => Promise<void>): void => void cases.push({ suite, name, run }),
}

async function tell(path: string, what: unknown): Promise<void> {
  await fetch(`/told/${path}`, { method: 'POST', body: JSON.stringify(what) })
}

function noWorker(): Worker {
  throw new Error('no worker wanted here')
}

/** A case that never ends would hold up all others. */
async function outcomeOf({ run }: Case): Promise<string> {
  let giveUp: ReturnType<typeof setTimeout> | undefined
  const tooLong = new Promise<never>((_, reject) => {
    giveUp = setTimeout(() => reject(new Error(`not done after ${PATIENCE_MS} ms`)), PATIENCE_MS)
  })
  try {
    await Promise.race([run(), tooLong])
    return 'passed'
  } catch (error) {
    return String(error)
  } finally {
    clearTimeout(giveUp)
  }
}

// Its workers answer NotSupportedError to a sync access handle.
cacheStoreSuite(runner, { name: 'OPFS, createWritable', open: opfsCache({ directory: 'webkit', worker: noWorker }) })
cacheStoreSuite(runner, { name: 'IndexedDB', open: idbCache() })

const storage = navigator.storage as Partial<StorageManager> | undefined
const estimate = await storage?.estimate?.().catch(() => undefined)
await tell('begin', {
  userAgent: navigator.userAgent, cases: cases.length, opfs: storage?.getDirectory !== undefined,
  createWritable: typeof FileSystemFileHandle !== 'undefined' && 'createWritable' in FileSystemFileHandle.prototype, locks: 'locks' in navigator, estimate,
})
for (const one of cases) await tell('case', { suite: one.suite, name: one.name, outcome: await outcomeOf(one) })
await tell('end', {})
