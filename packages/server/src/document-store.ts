import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { BseError, type Logger } from '@bse/core/provider'
import { documentFileName } from './document-name.ts'
import { DocumentLog } from './document-log.ts'
import { syncDirectory } from './record-file.ts'

/** The documents of one directory. One process owns it. */
export class DocumentStore {
  readonly #directory: string
  readonly #logger: Logger | undefined
  readonly #logs = new Map<string, DocumentLog>()
  #closed = false

  private constructor(directory: string, logger: Logger | undefined) {
    this.#directory = directory
    this.#logger = logger
  }

  static async open(directory: string, logger: Logger | undefined): Promise<DocumentStore> {
    await mkdir(directory, { recursive: true })
    await syncDirectory(dirname(directory))
    return new DocumentStore(directory, logger)
  }

  /** The same one for each call until it is released, so that its writes keep one order. @throws BseError `CLOSED`. */
  log(documentName: string): DocumentLog {
    if (this.#closed) throw new BseError('CLOSED', 'rows: the server is closed', { what: 'rows server' })
    const known = this.#logs.get(documentName)
    if (known !== undefined) return known
    const log = new DocumentLog(join(this.#directory, documentFileName(documentName)), this.#logger)
    this.#logs.set(documentName, log)
    return log
  }

  /** Nobody has the document open any more. */
  async release(documentName: string): Promise<void> {
    const log = this.#logs.get(documentName)
    if (log === undefined) return
    await log.close()
    if (log.isIdle && this.#logs.get(documentName) === log) this.#logs.delete(documentName)
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#logs.values()].map((log) => log.close()))
  }
}
