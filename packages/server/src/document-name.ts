const NAME = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,79}$/

/** Letters, digits and `. _ : @ -`, beginning with a letter or digit, at most 80 characters. */
export function isDocumentName(name: string): boolean {
  return NAME.test(name)
}

/** A file name that no other document has, on case-insensitive file systems either; capitals and signs are percent-encoded. */
export function documentFileName(name: string): string {
  return `${name.replace(/[^a-z0-9_-]/g, (sign) => `%${sign.charCodeAt(0).toString(16).padStart(2, '0')}`)}.yjs`
}
