import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { CDPSession } from 'playwright'
import { expect, onTestFinished } from 'vitest'
import type { RealChromium } from './real-chromium.ts'
import type { Page as TestPage } from './fixtures/real-profile.ts'

declare const page: TestPage

export const MOST_BYTES: number = 150 * 1024 * 1024

/** By how much the private memory of the renderers grew at most, looking every 50 ms. */
export interface Growth {
  readonly putBytes: number
  readonly readBytes: number
}

/** Puts a file that a person chose and reads it back. */
export async function growthOverLargeFile({ context, open }: RealChromium, sizeBytes: number): Promise<Growth> {
  const folder = await mkdtemp(join(tmpdir(), 'bse-large-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'large')
  await writeFile(file, 'the rest is a hole')
  await truncate(file, sizeBytes)
  const tab = await open('real-profile.html')
  await tab.evaluate(() => page.put(4, 'blob'))
  await tab.locator('input').setInputFiles(file)
  const session = await context.browser()?.newBrowserCDPSession()
  if (session === undefined) throw new Error('the browser cannot be asked for its processes')
  const idleBytes = await rendererBytes(session)
  const put = await watched(session, () => tab.evaluate(() => page.putChosen()))
  const read = await watched(session, () => tab.evaluate((hash) => page.readBack(hash), put.result))
  expect(read.result).toBe(sizeBytes)
  const growth = { putBytes: put.peakBytes - idleBytes, readBytes: read.peakBytes - idleBytes }
  console.log(`private memory of the renderers over ${mebibytes(idleBytes)} MiB idle: ${mebibytes(growth.putBytes)} MiB to put, ${mebibytes(growth.readBytes)} MiB to read`)
  return growth
}

async function watched<T>(session: CDPSession, work: () => Promise<T>): Promise<{ readonly result: T; readonly peakBytes: number }> {
  let [peakBytes, isOver] = [0, false]
  const watching = (async () => {
    while (!isOver) {
      peakBytes = Math.max(peakBytes, await rendererBytes(session))
      await delay(50)
    }
  })()
  const result = await work().finally(() => (isOver = true))
  await watching
  return { result, peakBytes }
}

function mebibytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(0)
}

/** What the renderers share with nobody, by what Linux says. */
async function rendererBytes(session: CDPSession): Promise<number> {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  const renderers = processInfo.filter(({ type }) => type === 'renderer')
  // One that cannot be read has ended since the browser named it.
  const each = await Promise.all(renderers.map(({ id }) => readFile(`/proc/${id}/smaps_rollup`, 'utf8').then(privateBytes, () => 0)))
  return each.reduce((sum, bytes) => sum + bytes, 0)
}

function privateBytes(rollup: string): number {
  return [...rollup.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)].reduce((sum, [, kib]) => sum + Number(kib) * 1_024, 0)
}
