const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** `4.2 MB`, decimal, as file managers show it. */
export function bytes(count: number): string {
  const power = Math.min(UNITS.length - 1, count < 1 ? 0 : Math.floor(Math.log10(count) / 3))
  const value = count / 1_000 ** power
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${UNITS[power] ?? 'B'}`
}

/** `1 photo`, `20 photos` */
export function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

export function day(date: Date): string {
  return date.toLocaleDateString(undefined, { day: 'numeric', month: 'long', year: 'numeric' })
}

/** What to call a photo: its caption, else its file's name. */
export function nameOf(photo: { readonly caption: string; readonly image: { readonly name?: string }; readonly takenAt: Date }): string {
  return photo.caption.trim() || photo.image.name || `Photo of ${day(photo.takenAt)}`
}
