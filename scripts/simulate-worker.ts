// Some seeds of `pnpm simulate`, in a thread of their own.
import { parentPort, workerData } from 'node:worker_threads'
import { campaign } from '../packages/core/test/simulator/campaign.ts'
import { installPlatform } from '../packages/core/test/simulator/platform.ts'

const { from, count } = workerData as { readonly from: number; readonly count: number }
parentPort?.postMessage(await campaign(await installPlatform(), from, count, () => true))
