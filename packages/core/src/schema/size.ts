import { BseError } from '../errors.ts'

const SIZE = /^(\d{1,15})(?:\.(\d{1,12}))? ?(B|KB|MB|GB|TB)$/i
const EXPONENTS: { readonly [unit: string]: number } = { B: 0, KB: 3, MB: 6, GB: 9, TB: 12 }

/**
 * A size in bytes: a whole number, or a string with a decimal unit, so `'500MB'` is 500,000,000 and `'1.5GB'` 1,500,000,000.
 *
 * @throws BseError `CONFIG_INVALID` naming `option` for anything else, a fraction of a byte included.
 */
export function parseSize(size: number | string, option = 'size'): number {
  const bytes = typeof size === 'string' ? bytesOfText(size) : size
  if (typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes >= 0) return bytes
  throw new BseError('CONFIG_INVALID', `schema.parseSize: ${option} is neither a number of bytes nor like '500MB'`, { option })
}

/** Moves the decimal point in the text, because 1.001 * 1000 is not 1001. */
function bytesOfText(text: string): number | undefined {
  const [, whole, fraction = '', unit] = SIZE.exec(text) ?? []
  const exponent = EXPONENTS[unit?.toUpperCase() ?? '']
  if (whole === undefined || exponent === undefined) return undefined
  const digits = fraction.replace(/0+$/, '')
  return digits.length > exponent ? undefined : Number(whole + digits.padEnd(exponent, '0'))
}
