import type { PlaywrightTestConfig } from '@playwright/test'
import { chromiumFlags, findChromium, findFirefox, firefoxChannel } from '../scripts/browsers.mjs'

const chromiumPath = findChromium()
const firefoxPath = findFirefox()

/** Expects `turbo run build`: the tests run the built server and the built demo. */
const config: PlaywrightTestConfig = {
  testDir: '.',
  testMatch: '*.spec.ts',
  outputDir: 'test-results',
  // Photos of several megabytes are hashed, stored and sent: two at a time would only wait for each other.
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 180_000,
  expect: { timeout: 45_000 },
  use: { viewport: { width: 1280, height: 800 } },
  projects: [
    {
      name: 'chromium',
      use: { browserName: 'chromium', launchOptions: { args: [...chromiumFlags], ...(chromiumPath === undefined ? {} : { executablePath: chromiumPath }) } },
    },
    {
      name: 'firefox',
      // The main path. What else is tested is said by the page alone, or needs what only Chromium's debugging protocol offers.
      testMatch: ['offline.spec.ts', 'server-killed.spec.ts', 'refused.spec.ts'],
      use: { browserName: 'firefox', channel: firefoxChannel, launchOptions: firefoxPath === undefined ? {} : { executablePath: firefoxPath } },
    },
  ],
}

export default config
