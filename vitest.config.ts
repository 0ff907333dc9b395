import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { chromiumFlags, findChromium, findFirefox, firefoxChannel } from './scripts/browsers.mjs'
import { backendCommands } from './scripts/vitest/backend-commands.ts'

/** Set by scripts/test.mjs: files that need a tool which this machine cannot be given. */
const excluded = (process.env.BSE_EXCLUDED_TESTS ?? '').split(',').filter((file) => file !== '')
/** Found late, they would make Vite reload the page in the middle of a run. */
const effectModules = ['Cause', 'Clock', 'Duration', 'Effect', 'Exit', 'FiberMap', 'Latch'].map((name) => `@bse/core > effect/${name}`)

/** Files that Firefox does not run, mostly because the fault needs Chromium's debugging protocol. */
const chromiumOnly = [
  'packages/cache-idb/test/cleared.browser.test.ts', // storage cleared behind the page's back
  'packages/cache-idb/test/quota.browser.test.ts', // a quota set by hand
  'packages/cache-opfs/test/quota.browser.test.ts', // a quota set by hand
  'packages/blob-r2/test/conformance.browser.test.ts', // nothing that Firefox does in its own way, and a minute long
  'packages/blob-s3/test/ceph/conformance.browser.test.ts', // likewise
  'packages/bse/test/rfc/sample.browser.test.tsx', // likewise
  'packages/core/test/state/idb-chromium.browser.test.ts', // a quota set by hand, storage cleared behind the page's back
]

/** What both browsers need told beforehand. */
const browserDependencies = [...effectModules, 'idb', 'hash-wasm', 'react', 'react-dom', 'react-dom/client', 'react/jsx-runtime', 'react/jsx-dev-runtime', 'yjs', '@bse/blob-tus > tus-js-client', '@bse/data-electric > @electric-sql/client', '@bse/server > @electric-sql/client']
const browserTests = { include: ['packages/*/test/**/*.browser.test.{ts,tsx}'], globalSetup: ['./scripts/vitest/browser-setup.ts'] }

// Vite adds `import` and `default` where they belong. Named here, Node would take them for `require` too, which then gets modules.
const source = { conditions: ['@bse/source', 'module'] }

const config: ViteUserConfig = defineConfig({
  resolve: source,
  // Node is given these for `require` too, so neither `import` nor `module` is among them.
  ssr: { resolve: { conditions: ['@bse/source', 'node'] } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          environment: 'node',
          include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'scripts/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts', '**/*.long.test.ts', '**/node_modules/**', ...excluded],
          testTimeout: 30_000,
          pool: 'forks',
          execArgv: ['--conditions=@bse/source'],
        },
      },
      {
        extends: true,
        test: {
          name: 'long',
          environment: 'node',
          include: ['packages/*/test/**/*.long.test.ts', 'scripts/**/*.long.test.ts'],
          exclude: ['**/node_modules/**', ...excluded],
          testTimeout: 3_600_000,
          pool: 'forks',
          execArgv: ['--conditions=@bse/source'],
        },
      },
      {
        extends: true,
        optimizeDeps: { include: browserDependencies },
        test: {
          ...browserTests,
          name: 'chromium',
          exclude: ['**/node_modules/**', ...excluded],
          testTimeout: 30_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            commands: backendCommands,
            provider: playwright({ launchOptions: { executablePath: findChromium() ?? '/usr/bin/chromium', args: [...chromiumFlags] } }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        extends: true,
        optimizeDeps: { include: browserDependencies },
        test: {
          ...browserTests,
          name: 'firefox',
          // Firefox waits for the disk at every file, and the suites make thousands: `TMPDIR=/dev/shm` is twenty times faster.
          testTimeout: 180_000,
          exclude: ['**/node_modules/**', ...chromiumOnly, ...excluded],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            commands: backendCommands,
            provider: playwright({ launchOptions: { channel: firefoxChannel, executablePath: findFirefox() ?? '/usr/bin/firefox-esr' } }),
            instances: [{ browser: 'firefox' }],
          },
        },
      },
    ],
  },
})

export default config
