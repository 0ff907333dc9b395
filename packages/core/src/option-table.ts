import { BseError } from './errors.ts'
import type { ConflictResolution } from './model/conflict.ts'
import { parseSize } from './schema/size.ts'

/** The values of an engine's options, by their path in the configuration. Sizes in bytes. */
export interface Settings {
  readonly name: string
  readonly 'schemaVersion': number
  readonly 'cache.inlineMaxBytes': number
  readonly 'cache.maxSize': number
  readonly 'cache.eviction': 'lru' | 'fifo' | 'manual'
  readonly 'cache.persist': boolean
  readonly 'cache.prefetch.enabled': boolean
  readonly 'cache.prefetch.strategy': 'visible'
  readonly 'cache.warningThreshold': number
  readonly 'cache.criticalThreshold': number
  readonly 'cache.priorities.high': 'never-evict'
  readonly 'cache.priorities.normal': 'lru'
  readonly 'cache.priorities.low': 'eager-evict'
  readonly 'cleanup': 'server' | 'append-only'
  readonly 'peers.replica': 'on-demand' | 'all'
  readonly 'offline.queueMutations': boolean
  readonly 'offline.queueUploads': boolean
  readonly 'offline.resumableUploads': boolean
  readonly 'offline.maxQueueSize': number
  readonly 'offline.conflictResolution': ConflictResolution
  readonly 'offline.network': 'always' | 'unmetered' | 'manual'
  readonly 'offline.retryStrategy.maxAttempts': number
  readonly 'offline.retryStrategy.backoff': 'exponential'
}

/** An option with a value of its own. */
export interface ValueOption<Value> {
  readonly defaultValue: Value
  /** What it takes, in words: for errors and for docs/options.md. */
  readonly takes: string
  readonly meaning: string
  /** The value as the engine uses it; `undefined` for one that cannot be. */
  readonly read: (given: unknown) => Value | undefined
}

/** The one table of defaults. docs/options.md is written from it. */
export const VALUE_OPTIONS: { readonly [Path in keyof Settings]: ValueOption<Settings[Path]> } = {
  'name': {
    defaultValue: 'bse',
    takes: 'up to 64 letters, digits, dots, underscores and dashes',
    meaning: 'Names everything that is stored. One engine of a name in a page, any number of tabs.',
    read: (given) => (typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : undefined),
  },
  'schemaVersion': wholeNumber(1, 'Raised with each change of the schema that `migrations` has a step for.'),
  'cache.inlineMaxBytes': size(64_000, 'Blobs up to this size ride inside the commit of the queue instead of the backend. 0: none.'),
  'cache.maxSize': size(500_000_000, 'Most that is kept on this device. Less where the device has less room. What no server has stays, whatever its size.'),
  'cache.eviction': oneOf(['lru', 'fifo', 'manual'], 'What goes first when the cache is full: what was read longest ago, what came first, or nothing by itself.'),
  'cache.persist': yesOrNo(true, 'Asks the browser, once, not to evict this app. The answer is `status.persisted`.'),
  'cache.prefetch.enabled': yesOrNo(true, 'Fetches blobs before anybody asks for their URLs, where there is room. `cache.prefetch()` works either way.'),
  'cache.prefetch.strategy': oneOf(['visible'], 'What is fetched so: blobs of what the page says is in view or near it, by `cache.visible()`.'),
  'cache.warningThreshold': share(0.8, 'Above this share of the limit `cacheWarning` is told, once for each crossing.'),
  'cache.criticalThreshold': share(0.95, 'Above this share of the limit blobs are evicted until the warning threshold is reached.'),
  'cache.priorities.high': oneOf(['never-evict'], 'Blobs of high priority stay, until the device itself is full and nothing else is left.'),
  'cache.priorities.normal': oneOf(['lru'], 'Blobs of normal priority go in the order of `cache.eviction`.'),
  'cache.priorities.low': oneOf(['eager-evict'], 'Blobs of low priority go before all others.'),
  'cleanup': oneOf(
    ['server', 'append-only'],
    'What becomes of bytes that no row names any more. `server`: they leave this device, and servers collect them. `append-only`: nothing is ever let go because rows do not name it.',
  ),
  'peers.replica': oneOf(
    ['on-demand', 'all'], 'Of what servers announce. `all`: everything is brought here in the background. A workspace does so unless told otherwise.',
  ),
  'offline.queueMutations': yesOrNo(true, 'Whether a write is queued while no server answers; else it rejects with `OFFLINE`.'),
  'offline.queueUploads': yesOrNo(true, 'The same of writes that bring bytes.'),
  'offline.resumableUploads': yesOrNo(true, "Whether an upload that was cut goes on where it was, by the store's own means (tus, multipart); else it begins anew."),
  'offline.maxQueueSize': size(1_000_000_000, 'What may wait for servers, bytes and rows together. A write that goes over it rejects with `QUEUE_FULL`.'),
  'offline.conflictResolution': oneOf(
    ['last-write-wins', 'server-wins', 'manual'], 'Who wins when the server has other values than the person saw: docs/spec/conflicts.md.',
  ),
  'offline.network': oneOf(
    ['always', 'unmetered', 'manual'],
    'Over which networks bytes are sent. `unmetered` waits while the person pays for each byte or asks for few (Save-Data); `manual` waits for `offline.flush()`. Rows without new bytes are sent all the same.',
  ),
  'offline.retryStrategy.maxAttempts': wholeNumber(5, 'Refusals of one item before it is parked. Outages never count.'),
  'offline.retryStrategy.backoff': oneOf(['exponential'], 'How waits grow from failure to failure, with full jitter.'),
}

/** An option that is a part to work with: an object or a function. */
export interface PartOption {
  readonly isRequired: boolean
  readonly takes: string
  readonly meaning: string
  readonly fits: (given: unknown) => boolean
}

/** The parts that an engine is put together from. */
export const PART_OPTIONS: { readonly [path: string]: PartOption } = {
  'schema': {
    isRequired: true, takes: 'an object of tables', meaning: 'Tables and their columns.', fits: isObject,
  },
  'migrations': {
    isRequired: false, takes: 'a step for each version from 2 to schemaVersion, in order',
    meaning: 'What becomes of writes that were queued under an older schema: columns renamed, added, dropped.', fits: (given) => Array.isArray(given),
  },
  'data': {
    isRequired: false, takes: 'a data provider', meaning: 'How rows travel, for example `yjsData()`. Left out: they stay on this device.', fits: hasMethods('connect'),
  },
  'blobs': {
    isRequired: true, takes: 'a blob provider, or { primary, mirrors, durableOn }',
    meaning: "Where bytes go, for example `httpBlobs()`. With `{ primary, mirrors }` every blob goes to each; `durableOn` (`'primary'` or `'all'`) says who must have it before this device may drop its copy.",
    fits: (given) => isBlobProvider(given) || isSeveralRemotes(given),
  },
  'peers.presence': {
    isRequired: false, takes: 'a presence such as yjsPresence()', meaning: 'Where devices and servers tell each other which blobs they have.',
    fits: hasMethods('announce', 'peers', 'subscribe', 'close'),
  },
  'cache.backend': {
    isRequired: true, takes: 'a cache backend such as opfsCache(), or a list of them',
    meaning: 'Where bytes are kept on this device. Of a list, the first that works on a new device.',
    fits: (given) => [given].flat().length > 0 && [given].flat().every((one) => typeof one === 'function'),
  },
  'state': {
    isRequired: false, takes: 'a state store such as idbState()',
    meaning: "Where queue, ledger and rows are kept. Left out: IndexedDB, or this page's memory where the browser refuses it.", fits: isFunction,
  },
  'auth': {
    isRequired: false, takes: 'a function', meaning: 'Who is signed in. Left out: requests carry no credentials.', fits: isFunction,
  },
  'onConflict': {
    isRequired: false, takes: "a function, with offline.conflictResolution 'manual'", meaning: 'Decides conflicts. Left out: they wait in the queue.', fits: isFunction,
  },
  'logger': {
    isRequired: false, takes: 'an object with debug, info, warn and error', meaning: 'Where the engine tells what it does. Left out: nowhere.',
    fits: hasMethods('debug', 'info', 'warn', 'error'),
  },
  'environment': {
    isRequired: false, takes: 'an environment such as platformEnvironment()', meaning: "Clock, network, locks: what tests replace. Left out: the platform's.",
    fits: (given) => hasMethods('random', 'randomBytes', 'fetch')(given) && hasParts(given, 'clock', 'connectivity', 'locks', 'lifecycle'),
  },
}

/** Two options that cannot both hold. */
export interface Contradiction {
  /** The one that the error names. */
  readonly option: string
  readonly against: string
  readonly rule: string
  /** `given` has what the app said; left out is `undefined`. */
  readonly isMet: (settings: Settings, given: (path: string) => unknown) => boolean
}

/** Refused when the engine is made: of two that contradict each other, one would be without effect and nobody would know which. */
export const CONTRADICTIONS: readonly Contradiction[] = [
  {
    option: 'cache.warningThreshold', against: 'cache.criticalThreshold', rule: 'at most cache.criticalThreshold',
    isMet: (settings) => settings['cache.warningThreshold'] > settings['cache.criticalThreshold'],
  },
  {
    option: 'cache.criticalThreshold', against: 'cache.eviction', rule: "left out with cache.eviction 'manual', where nothing goes by itself",
    isMet: (settings, given) => settings['cache.eviction'] === 'manual' && given('cache.criticalThreshold') !== undefined,
  },
  {
    option: 'cache.inlineMaxBytes', against: 'cache.maxSize', rule: 'at most cache.maxSize, where both are given',
    isMet: (settings, given) => given('cache.inlineMaxBytes') !== undefined && given('cache.maxSize') !== undefined && settings['cache.inlineMaxBytes'] > settings['cache.maxSize'],
  },
  {
    option: 'offline.queueUploads', against: 'offline.queueMutations', rule: 'not true where offline.queueMutations is false: bytes come with a write',
    isMet: (settings, given) => !settings['offline.queueMutations'] && given('offline.queueUploads') === true,
  },
  {
    option: 'onConflict', against: 'offline.conflictResolution', rule: "a function, with offline.conflictResolution 'manual'",
    isMet: (settings, given) => given('onConflict') !== undefined && settings['offline.conflictResolution'] !== 'manual',
  },
  {
    option: 'offline.conflictResolution', against: 'data', rule: "'last-write-wins' where data merges by itself or is left out: nobody would ever hear of a conflict",
    isMet: (settings, given) => settings['offline.conflictResolution'] !== 'last-write-wins' && (given('data') === undefined || given('data.capabilities.conflicts') === 'merged'),
  },
]

/** The values in use for a configuration. @throws BseError `CONFIG_INVALID` for names that do not exist and values that cannot be. */
export function settingsOf(options: unknown): Settings {
  const sections = sectionsOf([...Object.keys(VALUE_OPTIONS), ...Object.keys(PART_OPTIONS)])
  for (const [section, names] of sections) refuseUnknown(section, valueAt(options, section), names)
  for (const [path, part] of Object.entries(PART_OPTIONS)) {
    const given = valueAt(options, path)
    if (given === undefined ? part.isRequired : !part.fits(given)) throw invalidOption(path, part.takes)
  }
  const values = Object.entries(VALUE_OPTIONS).map(([path, option]): readonly [string, unknown] => [path, valueOf(path, option, valueAt(options, path))])
  // The table has exactly the paths of `Settings`.
  const settings = Object.fromEntries(values) as unknown as Settings
  for (const { option, rule, isMet } of CONTRADICTIONS) if (isMet(settings, (path) => valueAt(options, path))) throw invalidOption(option, rule)
  return settings
}

export function invalidOption(option: string, takes: string): BseError {
  return new BseError('CONFIG_INVALID', `core.createSyncEngine: ${option}: ${takes}`, { option })
}

function valueOf(path: string, option: ValueOption<unknown>, given: unknown): unknown {
  if (given === undefined) return option.defaultValue
  const value = option.read(given)
  if (value === undefined) throw invalidOption(path, option.takes)
  return value
}

/** Every section, the whole under the empty name, with the names that it may have. */
function sectionsOf(paths: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const sections = new Map<string, Set<string>>()
  for (const path of paths) {
    const names = path.split('.')
    names.forEach((name, depth) => {
      const section = names.slice(0, depth).join('.')
      sections.set(section, (sections.get(section) ?? new Set()).add(name))
    })
  }
  return sections
}

function refuseUnknown(section: string, given: unknown, names: ReadonlySet<string>): void {
  if (given === undefined && section !== '') return
  if (!isObject(given)) throw invalidOption(section === '' ? 'options' : section, 'an object')
  for (const name of Object.keys(given)) if (!names.has(name)) throw invalidOption(section === '' ? name : `${section}.${name}`, 'no such option')
}

function valueAt(options: unknown, path: string): unknown {
  if (path === '') return options
  return path.split('.').reduce((value: unknown, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined), options)
}

function size(defaultValue: number, meaning: string): ValueOption<number> {
  const read = (given: unknown): number | undefined => {
    try {
      return parseSize(given as number | string)
    } catch {
      // It throws for one reason only, and the caller knows the option's name.
      return undefined
    }
  }
  return { defaultValue, takes: "a number of bytes, or a decimal size like '500MB'", meaning, read }
}

function share(defaultValue: number, meaning: string): ValueOption<number> {
  const read = (given: unknown): number | undefined => (typeof given === 'number' && given > 0 && given <= 1 ? given : undefined)
  return { defaultValue, takes: 'a number above 0 and up to 1', meaning, read }
}

function wholeNumber(defaultValue: number, meaning: string): ValueOption<number> {
  return { defaultValue, takes: 'a whole number from 1', meaning, read: (given) => (Number.isSafeInteger(given) && (given as number) >= 1 ? (given as number) : undefined) }
}

function yesOrNo(defaultValue: boolean, meaning: string): ValueOption<boolean> {
  return { defaultValue, takes: 'true or false', meaning, read: (given) => (typeof given === 'boolean' ? given : undefined) }
}

function oneOf<const Value extends string>(values: readonly [Value, ...Value[]], meaning: string): ValueOption<Value> {
  return { defaultValue: values[0], takes: values.map((value) => `'${value}'`).join(' or '), meaning, read: (given) => values.find((value) => value === given) }
}

function isBlobProvider(value: unknown): boolean {
  return hasMethods('connect', 'open', 'stat', 'upload')(value)
}

function isSeveralRemotes(value: unknown): boolean {
  if (!isObject(value) || Object.keys(value).some((name) => !['primary', 'mirrors', 'durableOn'].includes(name))) return false
  const { durableOn = 'primary', mirrors = [], primary } = value
  const areMirrors = Array.isArray(mirrors) && mirrors.every(isBlobProvider)
  return isBlobProvider(primary) && areMirrors && (durableOn === 'primary' || durableOn === 'all')
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

function hasMethods(...names: readonly string[]): (value: unknown) => boolean {
  return (value) => isObject(value) && names.every((name) => typeof value[name] === 'function')
}

function hasParts(value: unknown, ...names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => isObject(value[name]))
}
