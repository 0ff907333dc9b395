import type { FamilyPage } from './family-page.ts'

/** Where a photo stands, counted from the beginning of the page, wherever that is scrolled to. */
export interface Place {
  readonly id: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Scrolls through the album first: what has never been near the window is laid out by a guess. */
export async function placesOf(family: FamilyPage): Promise<readonly Place[]> {
  for (const photo of await family.photos.all()) await photo.scrollIntoViewIfNeeded()
  return family.photos.evaluateAll((tiles: HTMLElement[]) =>
    tiles.map((tile) => {
      const { x, y, width, height } = tile.getBoundingClientRect()
      return { id: tile.dataset.photoId ?? '', x: x + scrollX, y: y + scrollY, width, height }
    }))
}
