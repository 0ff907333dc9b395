/** EXIF stands in the first segments of a JPEG, each of which has less than 64 KB. */
const HEAD_BYTES = 131_072
const [EXIF_IFD, DATE_TIME, DATE_TIME_ORIGINAL] = [0x8769, 0x0132, 0x9003]

/** When a camera says that a photo was taken, in this device's time zone; `undefined` where it does not say so. */
export async function exifDate(file: Blob): Promise<Date | undefined> {
  const view = new DataView(await file.slice(0, HEAD_BYTES).arrayBuffer())
  try {
    const tiff = tiffOf(view)
    return tiff === undefined ? undefined : dateIn(tiff)
  } catch (error) {
    // Offsets that lead out of the file: a damaged header says nothing about the picture.
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** The TIFF block within the JPEG's APP1 segment. */
function tiffOf(view: DataView): DataView | undefined {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return undefined
  for (let at = 2; at + 10 < view.byteLength && view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
    const isExif = view.getUint8(at + 1) === 0xe1 && view.getUint32(at + 4) === 0x45786966
    if (isExif) return new DataView(view.buffer, at + 10)
  }
  return undefined
}

function dateIn(tiff: DataView): Date | undefined {
  const little = tiff.getUint16(0) === 0x4949
  const main = entriesOf(tiff, tiff.getUint32(4, little), little)
  const exifAt = main.get(EXIF_IFD)
  const textAt = (exifAt === undefined ? undefined : entriesOf(tiff, exifAt, little).get(DATE_TIME_ORIGINAL)) ?? main.get(DATE_TIME)
  return textAt === undefined ? undefined : parseDate(tiff, textAt)
}

/** Tag to value, which for all tags read here is an offset. */
function entriesOf(tiff: DataView, at: number, little: boolean): ReadonlyMap<number, number> {
  const entries = new Map<number, number>()
  const count = tiff.getUint16(at, little)
  for (let index = 0; index < count; index++) {
    const entry = at + 2 + index * 12
    entries.set(tiff.getUint16(entry, little), tiff.getUint32(entry + 8, little))
  }
  return entries
}

/** `2026:07:14 18:03:21` */
function parseDate(tiff: DataView, at: number): Date | undefined {
  const text = new TextDecoder('latin1').decode(new Uint8Array(tiff.buffer, tiff.byteOffset + at, 19))
  const [, year, month, day, hour, minute, second] = /^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(text) ?? []
  const date = new Date(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  return Number.isNaN(date.getTime()) ? undefined : date
}
