/** Everything that is left to chance, from one number. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number from 0 up to, not including, `below`. */
  int(below: number): number
  chance(probability: number): boolean
  pick<T>(choices: readonly T[]): T | undefined
  bytes(length: number): Uint8Array<ArrayBuffer>
  /** A stream of its own, that does not move when this one is used more or less. */
  fork(label: number): Random
}

/** Mulberry32: small, fast, and the same everywhere. */
export function createRandom(seed: number): Random {
  let state = scramble(seed)
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (below: number): number => Math.floor(next() * below)
  return {
    next,
    int,
    chance: (probability) => next() < probability,
    pick: (choices) => choices[int(choices.length)],
    bytes: (length) => Uint8Array.from({ length }, () => int(256)),
    fork: (label) => createRandom(scramble(seed ^ Math.imul(label + 1, 0x9e3779b1))),
  }
}

/** Neighbouring seeds begin far apart. */
function scramble(seed: number): number {
  let mixed = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) | 0
}
