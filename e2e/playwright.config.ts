import type { PlaywrightTestConfig } from '@playwright/test'
import { chromiumFlags, findChromium } from '../scripts/browsers.mjs'

const executablePath = findChromium()

/** Expects `turbo run build`: the tests run the built server and the built demo. */
const config: PlaywrightTestConfig = {
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: 'test-results',
  // Photos of several megabytes are hashed, stored and sent: two at a time would only wait for each other.
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 120_000,
  expect: { timeout: 45_000 },
  use: { viewport: { width: 1280, height: 800 }, launchOptions: { args: [...chromiumFlags], ...(executablePath === undefined ? {} : { executablePath }) } },
  projects: [{ name: 'chromium' }],
}

export default config
