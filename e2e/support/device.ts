import { chromium, firefox, type BrowserContext, type BrowserType, type LaunchOptions, type ViewportSize } from '@playwright/test'
import { browserPid } from './browser-pid.ts'

export type BrowserName = 'chromium' | 'firefox'

export interface DeviceSettings {
  readonly browserName: BrowserName
  /** What the device stores; the same folder is the same device. */
  readonly profileDirectory: string
  readonly launchOptions: LaunchOptions
  readonly viewport: ViewportSize | null
}

const BROWSERS: Readonly<Record<BrowserName, BrowserType>> = { chromium, firefox }

/** A browser with a profile that outlives its process. */
export class Device {
  readonly browserName: BrowserName
  readonly #settings: DeviceSettings
  #context: BrowserContext | undefined
  #pid = 0

  constructor(settings: DeviceSettings) {
    this.browserName = settings.browserName
    this.#settings = settings
  }

  get context(): BrowserContext {
    if (this.#context === undefined) throw new Error('the device is off')
    return this.#context
  }

  async start(): Promise<void> {
    const { browserName, launchOptions, profileDirectory, viewport } = this.#settings
    this.#context = await BROWSERS[browserName].launchPersistentContext(profileDirectory, { ...launchOptions, viewport })
    this.#pid = browserPid(profileDirectory)
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
