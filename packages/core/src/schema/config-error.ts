import { BseError } from '../errors.ts'

/** A fault in a schema; `option` is its path, for example `schema.photos.image`. */
export function schemaError(option: string, problem: string): BseError {
  return new BseError('CONFIG_INVALID', `schema.parseSchema: ${option} ${problem}`, { option })
}
