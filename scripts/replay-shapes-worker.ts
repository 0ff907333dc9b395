// One conversation of `pnpm replay-shapes`, in a thread of its own: an embedded database would hold up the clocks of the others.
import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { pgliteBackend, postgresBackend } from '../packages/server/test/shapes/replay/backend.ts'
import { converse } from '../packages/server/test/shapes/replay/conversation.ts'
import type { Recording } from '../packages/server/test/shapes/replay/recording.ts'

const { database, file, serverUrl } = workerData as { readonly file: string; readonly serverUrl: string | undefined; readonly database: string }
const recording = JSON.parse(readFileSync(file, 'utf8')) as Recording
parentPort?.postMessage(await converse(recording, await (serverUrl === undefined ? pgliteBackend() : postgresBackend(serverUrl, database))))
