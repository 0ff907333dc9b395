/** What the person holds back, on this device, until they let it go on. */
export interface Paused {
  readonly v: 1
  readonly all: boolean
  /** Blob hashes and ids of writes. */
  readonly ids: readonly string[]
}

export const NOTHING_PAUSED: Paused = { v: 1, all: false, ids: [] }

export function isPaused(paused: Paused, id: string): boolean {
  return paused.all || paused.ids.includes(id)
}
