#!/usr/bin/env node
import type { Logger } from '@bse/core/provider'
import { collect, serveDatabase, type ServedDatabase } from './cli-database.ts'
import { readCommandLine, USAGE, type CliOptions, type CollectOptions } from './cli-options.ts'
import { pinoLogger } from './pino-logger.ts'
import { startServer } from './start-server.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2
const COLLECT_EVERY_MS = 3_600_000

async function run(options: CliOptions): Promise<void> {
  const { casing, collectAfterMs, database, logLevel, ...rest } = options
  const logger = pinoLogger(logLevel)
  const served = database === undefined ? undefined : await serveDatabase(database, { casing, origins: options.origins }, logger)
  const server = await startServer({ ...rest, shapes: served?.shapes, mutations: served?.mutations, wasCollected: served?.wasCollected, logger })
  if (served !== undefined && database !== undefined && collectAfterMs !== undefined) {
    collectNowAndThen({ dataDirectory: options.dataDirectory, place: database, graceMs: collectAfterMs, dryRun: false }, served, logger)
  }
  logger.info('listening', { url: server.url })
  process.stdout.write(`listening on ${server.url}\n`)
  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(EXIT_FAILED)
    stopping = true
    logger.info('stopping', { signal })
    server.close().then(() => served?.close()).then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** A run that a stop interrupts leaves marks, which the next one finds. */
function collectNowAndThen(options: CollectOptions, { database }: ServedDatabase, logger: Logger): void {
  const run = (): void => {
    collect(options, logger, database).then(
      (report) => logger.info('collected', { ...report }),
      (error: unknown) => logger.error('blobs could not be collected', { cause: error instanceof Error ? error.message : String(error) }),
    )
  }
  setInterval(run, COLLECT_EVERY_MS).unref()
  run()
}

function fail(error: unknown): never {
  process.stderr.write(`bse-server: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(EXIT_FAILED)
}

const request = readCommandLine(process.argv.slice(2))
if (request.do === 'help') {
  process.stdout.write(USAGE)
} else if (request.do === 'refuse') {
  process.stderr.write(`bse-server: ${request.why}\n\n${USAGE}`)
  process.exitCode = EXIT_USAGE
} else if (request.do === 'collect') {
  collect(request.options, pinoLogger(request.logLevel)).then((report) => process.stdout.write(`${JSON.stringify(report)}\n`), fail)
} else {
  run(request.options).catch(fail)
}
