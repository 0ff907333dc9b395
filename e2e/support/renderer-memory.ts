import type { BrowserContext, CDPSession } from '@playwright/test'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

const EVERY_MS = 50
const KIB = 1_024

/** Memory that the renderer processes of a Chromium have for themselves: pages, with their workers. By what Linux says of each process. */
export class RendererMemory {
  readonly #session: CDPSession

  private constructor(session: CDPSession) {
    this.#session = session
  }

  static async of(context: BrowserContext): Promise<RendererMemory> {
    const session = await context.browser()?.newBrowserCDPSession()
    if (session === undefined) throw new Error('the browser cannot be asked for its processes')
    return new RendererMemory(session)
  }

  /** Bytes, over all renderers. What they share with other processes or with files is not counted. */
  async now(): Promise<number> {
    const { processInfo } = await this.#session.send('SystemInfo.getProcessInfo')
    const renderers = processInfo.filter(({ type }) => type === 'renderer')
    const each = await Promise.all(renderers.map(({ id }) => privateBytes(id)))
    return each.reduce((sum, bytes) => sum + bytes, 0)
  }

  /** The most that was seen while the work ran, looking again and again. */
  async peakDuring(work: () => Promise<void>): Promise<number> {
    let [isOver, peak, looks] = [false, 0, 0]
    const watch = async (): Promise<void> => {
      while (!isOver) {
        peak = Math.max(peak, await this.now())
        looks += 1
        await delay(EVERY_MS)
      }
    }
    await Promise.all([watch(), work().finally(() => (isOver = true))])
    if (looks < 2) throw new Error('too quick to have been looked at')
    return peak
  }
}

async function privateBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch((error: NodeJS.ErrnoException) => {
    // It has ended since the browser named it.
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return ''
    throw error
  })
  return [...text.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)].reduce((sum, [, kib]) => sum + Number(kib) * KIB, 0)
}
