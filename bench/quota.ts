// `pnpm bench quota`: what browsers here say that an app may store, beside the size of the disk. For the table in docs/performance.md.
import { once } from 'node:events'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, firefox, type BrowserType } from 'playwright'
import { chromiumFlags, findChromium, findFirefox, firefoxChannel } from '../scripts/browsers.mjs'

const GIB = 1024 ** 3
const server = createServer((_, response) => response.end('<!doctype html><title>quota</title>')).listen(0, '127.0.0.1')
await once(server, 'listening')
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

async function measure(name: string, type: BrowserType, options: Parameters<BrowserType['launchPersistentContext']>[1]): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), 'bse-quota-'))
  const { bsize, blocks, bavail } = await statfs(profile)
  const context = await type.launchPersistentContext(profile, options)
  const page = await context.newPage()
  await page.goto(address)
  const quota = await page.evaluate(async () => (await navigator.storage.estimate()).quota ?? 0)
  const [disk, free] = [blocks * bsize, bavail * bsize]
  const share = (of: number): string => `${((100 * quota) / of).toFixed(1)} %`
  console.log(`| ${name} ${context.browser()?.version() ?? ''} | ${(quota / GIB).toFixed(2)} GiB | ${share(disk)} of ${(disk / GIB).toFixed(0)} GiB | ${share(free)} of ${(free / GIB).toFixed(0)} GiB |`)
  await context.close()
  await rm(profile, { recursive: true, force: true, maxRetries: 10 })
}

console.log('| browser | quota | of the disk | of what is free |\n| --- | --- | --- | --- |')
await measure('Chromium', chromium, { args: [...chromiumFlags], ...(findChromium() === undefined ? {} : { executablePath: findChromium() }) })
await measure('Firefox', firefox, { channel: firefoxChannel, ...(findFirefox() === undefined ? {} : { executablePath: findFirefox() }) })
server.close()
