export const chromiumFlags: readonly string[]
export function findChromium(): string | undefined
export function ensureChromium(): string | undefined
export const firefoxChannel: 'moz-firefox'
export function findFirefox(): string | undefined
export function ensureFirefox(): string | undefined
