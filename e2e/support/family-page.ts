import { expect, type Locator, type Page } from '@playwright/test'
import type { Device } from './device.ts'

/** What the page says at the moment an insert resolves. */
export interface SavedPhoto {
  readonly id: string
  readonly name: string
  readonly hash: string
}

export interface Tile {
  readonly id: string
  /** As the row has it; `pending:…` while the bytes are not stored yet. */
  readonly hash: string
  readonly state: string
}

export interface OpenOptions {
  /** Called in the order in which inserts resolve, each time as soon as the page's word is here. */
  readonly onSaved?: (photo: SavedPhoto) => void
}

/** The demo in one tab, seen as a person sees it. */
export class FamilyPage {
  readonly page: Page
  readonly #saved: SavedPhoto[] = []

  private constructor(page: Page) {
    this.page = page
  }

  static async open(device: Device, url: string, { onSaved }: OpenOptions = {}): Promise<FamilyPage> {
    const page = await device.context.newPage()
    const family = new FamilyPage(page)
    await page.exposeBinding('reportSaved', (_, photo: SavedPhoto) => {
      family.#saved.push(photo)
      onSaved?.(photo)
    })
    await page.goto(url)
    return family
  }

  /** Inserts that the page itself has reported as resolved. */
  get saved(): readonly SavedPhoto[] {
    return this.#saved
  }

  get photos(): Locator {
    return this.page.getByTestId('photo')
  }

  get pendingCount(): Locator {
    return this.page.getByTestId('pending-count')
  }

  /** The app shell is stored: from now on the page opens without a server. */
  async installed(): Promise<void> {
    await this.page.evaluate(async () => {
      await navigator.serviceWorker.ready
    })
  }

  async drop(files: readonly { readonly path: string }[]): Promise<void> {
    await this.page.getByTestId('drop-input').setInputFiles(files.map(({ path }) => path))
  }

  async tiles(): Promise<readonly Tile[]> {
    return this.photos.evaluateAll((tiles: HTMLElement[]) =>
      tiles.map(({ dataset: { photoId = '', hash = '', state = '' } }) => ({ id: photoId, hash, state })))
  }

  async hashes(): Promise<readonly string[]> {
    return (await this.tiles()).map(({ hash }) => hash).sort()
  }

  /** Waits until the page itself says that the server has all of `count` photos. */
  async synced(count: number): Promise<void> {
    const states = async (): Promise<readonly string[]> => (await this.tiles()).map(({ state }) => state)
    await expect.poll(states, { message: 'states of the photos' }).toEqual(Array.from({ length: count }, () => 'synced'))
    await expect(this.pendingCount).toHaveAttribute('data-count', '0')
  }

  /** Waits until every photo in the album shows its own picture, and no placeholder. */
  async rendered(): Promise<void> {
    for (const photo of await this.photos.all()) {
      await photo.scrollIntoViewIfNeeded()
      const look = (image: HTMLImageElement): boolean => image.src.startsWith('blob:') && image.complete && image.naturalWidth > 0
      await expect.poll(() => photo.locator('img').evaluate(look), { message: 'shows its picture' }).toBe(true)
    }
  }

  /** Photo id to the sha256 of the bytes behind the URL that its picture shows. */
  async hashesOfShownBytes(): Promise<ReadonlyMap<string, string>> {
    const shown = await this.photos.evaluateAll(async (tiles: HTMLElement[]) => {
      const hashes: [string, string][] = []
      for (const tile of tiles) {
        const bytes = await (await fetch(tile.querySelector('img')?.src ?? '')).arrayBuffer()
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
        hashes.push([tile.dataset.photoId ?? '', `sha256:${digest.toHex()}`])
      }
      return hashes
    })
    return new Map(shown)
  }
}
