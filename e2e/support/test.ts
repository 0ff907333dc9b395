import { test as base, type TestType, type PlaywrightTestArgs, type PlaywrightTestOptions, type PlaywrightWorkerArgs, type PlaywrightWorkerOptions } from '@playwright/test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Device } from './device.ts'
import { photoFiles, type PhotoFile } from './photo-files.ts'
import { Server, type AppName } from './server.ts'
import { Wire } from './wire.ts'

interface Stage {
  /** Largest blob that the server takes. */
  readonly maxBytes: number | undefined
  /** What the server serves beside the data. */
  readonly app: AppName
  /** Empty, and gone after the test. */
  readonly folder: string
  /** Runs on a data folder of its own. */
  readonly server: Server
  /** In front of the server: the address that devices know. */
  readonly wire: Wire
  /** A browser that has never been anywhere. */
  readonly newDevice: () => Promise<Device>
  readonly photos: (count: number) => Promise<readonly PhotoFile[]>
}

type StageTest = TestType<PlaywrightTestArgs & PlaywrightTestOptions & Stage, PlaywrightWorkerArgs & PlaywrightWorkerOptions>

/** A test with real parts around it: a server process, a wire, browsers that keep what they store. */
export const test: StageTest = base.extend<Stage>({
  maxBytes: [undefined, { option: true }],
  app: ['family-photos', { option: true }],

  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'bse-e2e-'))
    await use(folder)
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  },

  server: async ({ app, folder, maxBytes }, use) => {
    const server = new Server(join(folder, 'server'), app)
    await server.start({ maxBytes })
    await use(server)
    await server.kill()
  },

  wire: async ({ server }, use) => {
    const wire = new Wire(() => server.port)
    await wire.open()
    await use(wire)
    await wire.close()
  },

  newDevice: async ({ browserName, channel, folder, launchOptions, viewport }, use) => {
    const devices: Device[] = []
    await use(async () => {
      if (browserName === 'webkit') throw new Error('there is no WebKit that keeps what it stores')
      const profileDirectory = join(folder, `device-${devices.length}`)
      const device = new Device({ browserName, profileDirectory, launchOptions: channel === undefined ? launchOptions : { ...launchOptions, channel }, viewport })
      devices.push(device)
      await device.start()
      return device
    })
    for (const device of devices) await device.stop()
  },

  photos: async ({}, use, info) => {
    await use((count) => photoFiles(join(info.project.outputDir, 'photos'), count))
  },
})
