import { chromium, type BrowserContext, type LaunchOptions, type Page, type ViewportSize } from '@playwright/test'

export interface DeviceSettings {
  /** What the device stores; the same folder is the same device. */
  readonly profileDirectory: string
  readonly launchOptions: LaunchOptions
  readonly viewport: ViewportSize | null
}

/** A Chromium with a profile that outlives its process. */
export class Device {
  readonly #settings: DeviceSettings
  #context: BrowserContext | undefined
  #pid = 0

  constructor(settings: DeviceSettings) {
    this.#settings = settings
  }

  get context(): BrowserContext {
    if (this.#context === undefined) throw new Error('the device is off')
    return this.#context
  }

  async start(): Promise<void> {
    const { launchOptions, profileDirectory, viewport } = this.#settings
    this.#context = await chromium.launchPersistentContext(profileDirectory, { ...launchOptions, viewport })
    this.#pid = await browserPid(this.#context)
  }

  async open(url: string): Promise<Page> {
    const page = await this.context.newPage()
    await page.goto(url)
    return page
  }

  /** Sends SIGKILL to the browser's main process before it returns: no page hears of it. Resolves when all is gone. */
  async kill(): Promise<void> {
    const { context } = this
    this.#context = undefined
    const closed = new Promise<void>((resolve) => context.once('close', () => resolve()))
    process.kill(this.#pid, 'SIGKILL')
    await closed
  }

  async stop(): Promise<void> {
    const context = this.#context
    this.#context = undefined
    await context?.close()
  }
}

async function browserPid(context: BrowserContext): Promise<number> {
  const session = await context.browser()?.newBrowserCDPSession()
  const { processInfo = [] } = (await session?.send('SystemInfo.getProcessInfo')) ?? {}
  const pid = processInfo.find(({ type }) => type === 'browser')?.id
  if (pid === undefined) throw new Error('the browser does not say which process it is')
  return pid
}
