#!/usr/bin/env node
import type { Logger } from '@bse/core/provider'
import { readCommandLine, USAGE, type CliOptions } from './cli-options.ts'
import { pinoLogger } from './pino-logger.ts'
import { startServer, type ShapeRoute } from './start-server.ts'

const EXIT_FAILED = 1
const EXIT_USAGE = 2

async function run(options: CliOptions): Promise<void> {
  const { database, logLevel, ...rest } = options
  const logger = pinoLogger(logLevel)
  const shapes = database === undefined ? undefined : await openShapes(database, options.origins, logger)
  const server = await startServer({ ...rest, shapes, logger })
  logger.info('listening', { url: server.url })
  process.stdout.write(`listening on ${server.url}\n`)
  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(EXIT_FAILED)
    stopping = true
    logger.info('stopping', { signal })
    server.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

/** Loaded only when asked for: it brings the drivers of databases. */
async function openShapes(place: string, origins: readonly string[], logger: Logger): Promise<ShapeRoute> {
  const { createShapeHandler, openShapeDatabase } = await import('./shapes/index.ts')
  return createShapeHandler({ database: await openShapeDatabase(place, logger), origins, logger })
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
} else {
  run(request.options).catch(fail)
}
