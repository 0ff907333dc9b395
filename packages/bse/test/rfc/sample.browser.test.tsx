import { flushSync } from 'react-dom'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commands } from 'vitest/browser'
import { hashBlob } from '@bse/core/hash'
import type { News } from './names.ts'
import { configure, insert, manageCache, Photos, queueOf, remove, replaceAudio, type Sync } from './sample.tsx'

const PATIENTLY = { timeout: 45_000, interval: 100 }

interface StoredRow {
  readonly id: string
  readonly title: string
  readonly familyId: string
  readonly image: { readonly hash: string }
  readonly audio: { readonly hash: string } | null
}

let [sync, root, container, news]: [Sync | undefined, Root | undefined, HTMLElement | undefined, News[]] = [undefined, undefined, undefined, []]
beforeEach(() => {
  news = []
})
afterEach(async () => {
  root?.unmount()
  container?.remove()
  await sync?.close()
})

/** A whole picture of one colour, so that an `<img>` of it loads. */
async function picture(colour: string): Promise<File> {
  const canvas = new OffscreenCanvas(400, 300)
  const context = canvas.getContext('2d')
  if (context !== null) Object.assign(context, { fillStyle: colour }).fillRect(0, 0, 400, 300)
  return new File([await canvas.convertToBlob({ type: 'image/png' })], 'beach.png', { type: 'image/png' })
}

const sound = (seed: number): File => new File([new Uint8Array(90_000).fill(seed)], 'waves.mp3', { type: 'audio/mpeg' })

/** The rows that Postgres has of a family. */
async function rowsOf(url: string, familyId: string): Promise<readonly StoredRow[]> {
  const rows = (await (await fetch(`${url}/rows`)).json()) as readonly StoredRow[]
  return rows.filter((row) => row.familyId === familyId)
}

// R-001 R-006 R-010 R-012 R-020 R-024 R-030 R-034 R-035 R-036 R-040 R-062 X-020
describe("the RFC's sample", () => {
  it('takes a photo with its sound to Postgres and a bucket, shows it, and gives it up', async () => {
    const [{ url }, { presignEndpoint, storeUrl }] = [await commands.electricServer(), await commands.s3Backend()]
    const familyId = crypto.randomUUID()
    sync = configure({ electricUrl: url, presignEndpoint, storeUrl, name: `rfc-${crypto.randomUUID()}`, onNews: (one) => news.push(one) })
    container = document.body.appendChild(document.createElement('main'))
    root = createRoot(container)
    const [engine, page] = [sync, container]
    flushSync(() => root?.render(<Photos sync={engine} familyId={familyId} />))

    const [imageFile, audioFile] = [await picture('teal'), sound(1)]
    const photo = await insert(sync, imageFile, audioFile, familyId)
    const shown = (): HTMLImageElement | null => page.querySelector('img')
    await expect.poll(() => shown()?.naturalWidth, PATIENTLY).toBe(400)
    expect(shown()?.alt).toBe('Beach Day')

    await queueOf(sync)
    await expect.poll(() => rowsOf(url, familyId), PATIENTLY).toHaveLength(1)
    const [row] = await rowsOf(url, familyId)
    expect(row).toMatchObject({ id: photo.id, title: 'Beach Day', image: { hash: await hashBlob(imageFile) }, audio: { hash: await hashBlob(audioFile) } })
    await expect.poll(() => news.filter(({ is }) => is === 'uploaded').length, PATIENTLY).toBe(2)
    expect(news.filter(({ is }) => is === 'error')).toEqual([])

    const newAudioFile = sound(2)
    await replaceAudio(sync, photo, newAudioFile)
    await expect.poll(async () => (await rowsOf(url, familyId)).map(({ audio }) => audio?.hash), PATIENTLY).toEqual([await hashBlob(newAudioFile)])

    await expect.poll(() => queueOf(engine), PATIENTLY).toEqual([])
    const stats = await manageCache(sync, [photo.id])
    expect(stats).toMatchObject({ pending: 0 })
    expect(stats.used).toBeGreaterThan(0)
    // The cache is empty: what comes now comes from the bucket.
    expect(await hashBlob((await sync.blobs.get(photo.image)) ?? new Blob())).toBe(await hashBlob(imageFile))

    await remove(sync, photo)
    await expect.poll(() => rowsOf(url, familyId), PATIENTLY).toEqual([])
    await expect.poll(() => shown(), PATIENTLY).toBeNull()
  }, 180_000)
})
