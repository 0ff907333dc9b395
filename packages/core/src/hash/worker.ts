import { hashBlobHere } from './hash-here.ts'
import type { HashAnswer, HashBegun, HashRequest } from './worker-protocol.ts'

/** The part of a worker's global scope that is used here; the DOM's types know only windows. */
interface WorkerScope {
  addEventListener(type: 'message', listener: (event: MessageEvent<HashRequest>) => void): void
  postMessage(answer: HashAnswer | HashBegun): void
}

const scope = globalThis as unknown as WorkerScope
let job: AbortController | undefined

scope.addEventListener('message', ({ data }) => {
  if (data.is === 'cancel') return job?.abort()
  job = new AbortController()
  scope.postMessage({ is: 'begun' })
  hashBlobHere(data.blob, job.signal).then(
    (hash) => scope.postMessage({ is: 'hashed', hash }),
    (error: unknown) => scope.postMessage({ is: 'failed', error }),
  )
})
