/** A photo whose insert has resolved: from here on it survives a crash of the page. */
export interface SavedPhoto {
  readonly id: string
  readonly name: string
  readonly hash: string
}

/** What a test may put into the page. */
interface Observed {
  /** Filled when the page was opened with `?report`. */
  __saved?: SavedPhoto[]
  /** For example a function exposed by Playwright: it knows what was saved even when the page is killed in the next moment. */
  reportSaved?: (photo: SavedPhoto) => unknown
}

/** Tells whoever watches from outside that an insert has resolved. */
export function reportSaved(photo: SavedPhoto): void {
  const page = globalThis as Observed
  if (new URLSearchParams(location.search).has('report')) (page.__saved ??= []).push(photo)
  dispatchEvent(new CustomEvent('photo-saved', { detail: photo }))
  page.reportSaved?.(photo)
}
