/** What stands in a URL's place until the bytes are here: one transparent pixel, so an `<img>` shows nothing broken. */
export const PLACEHOLDER_URL: string = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=='
