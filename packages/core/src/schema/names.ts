/** Members of the engine: a table of this name could not be reached as `sync.<name>`. */
export const ENGINE_MEMBERS = [
  'cache', 'blobs', 'offline', 'on', 'tables', 'ready', 'close', 'logout', 'debug', 'live', 'status', 'batch', 'then',
] as const

/** Every name that a plain object has already. Neither a table nor a column can be called so. */
export const PROTOTYPE_NAMES = [
  'constructor', 'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable', 'toLocaleString', 'toString', 'valueOf', '__proto__',
  '__defineGetter__', '__defineSetter__', '__lookupGetter__', '__lookupSetter__',
] as const

export type PrototypeName = (typeof PROTOTYPE_NAMES)[number]
export type ReservedTableName = (typeof ENGINE_MEMBERS)[number] | PrototypeName

const prototypeNames: ReadonlySet<string> = new Set(PROTOTYPE_NAMES)
const engineMembers: ReadonlySet<string> = new Set(ENGINE_MEMBERS)
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/

export function isPrototypeName(name: string): boolean {
  return prototypeNames.has(name)
}

export function isReservedTableName(name: string): boolean {
  return engineMembers.has(name) || prototypeNames.has(name)
}

/** Letters, digits and `_`, beginning with a letter, 1 to 63 characters: what every backend takes unquoted. */
export function isLegalName(name: string): boolean {
  return NAME.test(name)
}
