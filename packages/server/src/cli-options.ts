import { parseArgs } from 'node:util'
import { LOG_LEVELS, type LogLevel } from './pino-logger.ts'

export const USAGE: string = `bse-server [options]

  --port N         port to listen on; 0 takes a free one (default 8787)
  --host NAME      address to listen on (default 127.0.0.1)
  --data DIR       where blobs and rows are kept (default .bse)
  --database PLACE serve shapes of a Postgres: its postgres:// URL, or a directory for an embedded one
  --static DIR     an app to serve from the same port
  --max-bytes N    largest blob that is taken, in bytes (default 2147483648)
  --origin URL     a page of this origin may use the data too; may be given several times
  --log-level L    ${LOG_LEVELS.join(', ')} (default info)
  --help           this text

Only programs on this machine are served, whatever the host: to serve others, embed @bse/server and pass \`authorize\`.
`

export interface CliOptions {
  readonly host: string
  readonly port: number
  readonly dataDirectory: string
  /** A URL or a directory. */
  readonly database: string | undefined
  readonly staticDirectory: string | undefined
  readonly maxBytes: number | undefined
  readonly origins: readonly string[]
  readonly logLevel: LogLevel
}

export type CliRequest = { readonly do: 'start'; readonly options: CliOptions } | { readonly do: 'help' } | { readonly do: 'refuse'; readonly why: string }

class UsageError extends Error {}

/** What the command line asks for. Never throws. */
export function readCommandLine(args: readonly string[]): CliRequest {
  try {
    return requestOf(args)
  } catch (error) {
    return { do: 'refuse', why: error instanceof Error ? error.message : String(error) }
  }
}

function requestOf(args: readonly string[]): CliRequest {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: text, host: text, data: text, database: text, static: text, 'max-bytes': text, 'log-level': text,
      origin: { type: 'string', multiple: true }, help: { type: 'boolean' },
    },
  })
  if (values.help === true) return { do: 'help' }
  const options: CliOptions = {
    host: values.host ?? '127.0.0.1',
    port: numberOf('--port', values.port ?? '8787', 65_535),
    dataDirectory: values.data ?? '.bse',
    database: values.database,
    staticDirectory: values.static,
    maxBytes: values['max-bytes'] === undefined ? undefined : numberOf('--max-bytes', values['max-bytes'], Number.MAX_SAFE_INTEGER),
    origins: (values.origin ?? []).map(originOf),
    logLevel: levelOf(values['log-level'] ?? 'info'),
  }
  return { do: 'start', options }
}

function numberOf(name: string, text: string, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN
  if (!(value <= most)) throw new UsageError(`${name} wants a whole number from 0 to ${most}`)
  return value
}

function originOf(text: string): string {
  if (!URL.canParse(text) || new URL(text).origin !== text) throw new UsageError('--origin wants an origin such as https://photos.example')
  return text
}

function levelOf(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text)
  if (level === undefined) throw new UsageError(`--log-level wants one of ${LOG_LEVELS.join(', ')}`)
  return level
}
