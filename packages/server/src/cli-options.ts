import { parseArgs } from 'node:util'
import type { PeerOptions } from './peer/server-peer.ts'
import { LOG_LEVELS, type LogLevel } from './pino-logger.ts'

export const USAGE: string = `bse-server [options]
bse-server gc --database PLACE [--data DIR] [--grace-hours N] [--dry-run]

  --port N         port to listen on; 0 takes a free one (default 8787)
  --host NAME      address to listen on (default 127.0.0.1)
  --data DIR       where blobs and rows are kept (default .bse)
  --database PLACE serve rows of a Postgres: its postgres:// URL, or a directory for an embedded one
  --casing snake   writes to familyId go to the column family_id
  --collect        every hour, remove blobs that no row of the database names any more
  --grace-hours N  how long they are kept before (default 168)
  --static DIR     an app to serve from the same port
  --max-bytes N    largest blob that is taken, in bytes (default 2147483648)
  --origin URL     a page of this origin may use the data too; may be given several times
  --peer URL       another server, whose blobs are fetched when it announces them; may be given several times
  --join PLACE     where to announce blobs, beside the documents served here: ws://host/sync#document; may be given several times
  --public-url URL where peers reach this server (default: where it listens)
  --log-level L    ${LOG_LEVELS.join(', ')} (default info)
  --help           this text

gc removes them once and prints what it did; with --dry-run it only counts. An embedded database is used by one process: stop its server first.

Only programs on this machine are served, whatever the host: to serve others, embed @bse/server and pass \`authorize\`.
`

export interface CliOptions {
  readonly host: string
  readonly port: number
  readonly dataDirectory: string
  /** A URL or a directory. */
  readonly database: string | undefined
  readonly casing: 'snake' | undefined
  /** Undefined: nothing is collected. */
  readonly collectAfterMs: number | undefined
  readonly staticDirectory: string | undefined
  readonly maxBytes: number | undefined
  readonly origins: readonly string[]
  /** `undefined`: it is no peer. */
  readonly peer: PeerOptions | undefined
  readonly logLevel: LogLevel
}

export interface CollectOptions {
  readonly dataDirectory: string
  /** A URL or a directory. */
  readonly place: string
  readonly graceMs: number
  readonly dryRun: boolean
}

export type CliRequest =
  | { readonly do: 'start'; readonly options: CliOptions }
  | { readonly do: 'collect'; readonly options: CollectOptions; readonly logLevel: LogLevel }
  | { readonly do: 'help' }
  | { readonly do: 'refuse'; readonly why: string }

class UsageError extends Error {}

/** What the command line asks for. Never throws. */
export function readCommandLine(args: readonly string[]): CliRequest {
  try {
    return requestOf(args)
  } catch (error) {
    return { do: 'refuse', why: error instanceof Error ? error.message : String(error) }
  }
}

const DEFAULT_DIRECTORY = '.bse'
const DEFAULT_GRACE_HOURS = '168'
const HOUR_MS = 3_600_000
const MAX_GRACE_HOURS = 87_600

function requestOf(args: readonly string[]): CliRequest {
  return args[0] === 'gc' ? collectionOf(args.slice(1)) : startOf(args)
}

function collectionOf(args: readonly string[]): CliRequest {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: { data: text, database: text, 'grace-hours': text, 'log-level': text, 'dry-run': { type: 'boolean' }, help: { type: 'boolean' } },
  })
  if (values.help === true) return { do: 'help' }
  if (values.database === undefined) throw new UsageError('gc wants --database: rows decide what is garbage')
  const options: CollectOptions = {
    dataDirectory: values.data ?? DEFAULT_DIRECTORY,
    place: values.database,
    graceMs: graceOf(values['grace-hours']),
    dryRun: values['dry-run'] ?? false,
  }
  return { do: 'collect', options, logLevel: levelOf(values['log-level'] ?? 'warn') }
}

function startOf(args: readonly string[]): CliRequest {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: text, host: text, data: text, database: text, casing: text, static: text, 'max-bytes': text, 'log-level': text, 'grace-hours': text,
      'public-url': text, peer: { type: 'string', multiple: true }, join: { type: 'string', multiple: true },
      origin: { type: 'string', multiple: true }, collect: { type: 'boolean' }, help: { type: 'boolean' },
    },
  })
  if (values.help === true) return { do: 'help' }
  if (values.collect === true && values.database === undefined) throw new UsageError('--collect wants --database: rows decide what is garbage')
  const peer = peerOf(values['public-url'], values.peer ?? [], values.join ?? [])
  if (values.collect === true && peer !== undefined) throw new UsageError('--collect goes with no peer: peers keep everything')
  const options: CliOptions = {
    host: values.host ?? '127.0.0.1',
    port: numberOf('--port', values.port ?? '8787', 65_535),
    dataDirectory: values.data ?? DEFAULT_DIRECTORY,
    database: values.database,
    casing: casingOf(values.casing),
    collectAfterMs: values.collect === true ? graceOf(values['grace-hours']) : undefined,
    staticDirectory: values.static,
    maxBytes: values['max-bytes'] === undefined ? undefined : numberOf('--max-bytes', values['max-bytes'], Number.MAX_SAFE_INTEGER),
    origins: (values.origin ?? []).map(originOf),
    peer,
    logLevel: levelOf(values['log-level'] ?? 'info'),
  }
  return { do: 'start', options }
}

function numberOf(name: string, text: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN
  if (!(value <= most)) throw new UsageError(`${name} wants a whole number from 0 to ${most}`)
  return value
}

function graceOf(hours: string | undefined): number {
  return numberOf('--grace-hours', hours ?? DEFAULT_GRACE_HOURS, MAX_GRACE_HOURS) * HOUR_MS
}

function casingOf(text: string | undefined): 'snake' | undefined {
  if (text !== undefined && text !== 'snake') throw new UsageError('--casing wants snake')
  return text
}

function originOf(text: string): string {
  if (!URL.canParse(text) || new URL(text).origin !== text) throw new UsageError('--origin wants an origin such as https://photos.example')
  return text
}

function peerOf(publicUrl: string | undefined, servers: readonly string[], places: readonly string[]): PeerOptions | undefined {
  if (publicUrl === undefined && servers.length + places.length === 0) return undefined
  const peer = { servers: servers.map((url) => serverOf('--peer', url)), join: places.map(placeOf) }
  return publicUrl === undefined ? peer : { ...peer, url: serverOf('--public-url', publicUrl) }
}

function serverOf(name: string, text: string): string {
  const url = URL.parse(text)
  const isServer = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!isServer) throw new UsageError(`${name} wants the URL of a server such as https://photos.example`)
  return text
}

function placeOf(text: string): { readonly url: string; readonly document: string } {
  const url = URL.parse(text)
  const document = decodeURIComponent(url?.hash.slice(1) ?? '')
  if (url === null || !/^wss?:$/.test(url.protocol) || document === '') throw new UsageError('--join wants a place such as wss://photos.example/sync#family')
  url.hash = ''
  return { url: url.href, document }
}

function levelOf(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text)
  if (level === undefined) throw new UsageError(`--log-level wants one of ${LOG_LEVELS.join(', ')}`)
  return level
}
