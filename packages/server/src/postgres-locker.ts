import { createHash, randomUUID } from 'node:crypto'
import type { Lock, Locker } from '@tus/server'
import { lockedError } from './tus-answer.ts'
import { LOCK_TIMEOUT_MS, LocalLocker, settledOrAborted } from './upload-locker.ts'

/** What a `Client` of the package `pg` is, as far as locks need it. */
export interface LockConnection {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>
  on(event: 'notification', listener: (message: { readonly payload?: string | undefined }) => void): unknown
  on(event: 'error' | 'end', listener: () => void): unknown
  end(): Promise<void>
}

export interface PostgresLockerOptions {
  /** Opens a connection that stays open: locks end with it. With a pooler in between it must be one that keeps sessions. */
  readonly connect: () => Promise<LockConnection>
  /** How long a request waits for another one to let go of its upload. Default 20 s. */
  readonly timeoutMs?: number
}

export interface PostgresLocker extends Locker {
  close(): Promise<void>
}

interface Held {
  readonly connection: LockConnection
  readonly requestRelease: () => Promise<void> | void
}

const CHANNEL = 'bse_upload_locks'
/** A notification tells when a lock is free; this is for those that are lost. */
const LOOK_AGAIN_MS = 500

/**
 * One request at a time for each upload, over all servers of one database: advisory locks of Postgres. A server that dies lets go of
 * its locks, since they belong to its connection; a connection that is lost makes its requests stop.
 */
export function postgresLocker(options: PostgresLockerOptions): PostgresLocker {
  return new SharedLocker(options)
}

class SharedLocker implements PostgresLocker {
  readonly #options: PostgresLockerOptions
  readonly #timeoutMs: number
  /** Locks of Postgres count once for each connection, so requests of this process line up here first. */
  readonly #local: LocalLocker
  readonly #instance = randomUUID()
  readonly #held = new Map<string, Held>()
  readonly #waiting = new Map<string, Set<() => void>>()
  #connecting: Promise<LockConnection> | undefined
  #current: LockConnection | undefined

  constructor(options: PostgresLockerOptions) {
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? LOCK_TIMEOUT_MS
    this.#local = new LocalLocker(this.#timeoutMs)
  }

  newLock(id: string): Lock {
    const local = this.#local.newLock(id)
    return {
      lock: async (signal, requestRelease) => {
        await local.lock(signal, requestRelease)
        try {
          this.#held.set(id, { connection: await this.#acquire(id, signal), requestRelease })
        } catch (error) {
          await local.unlock()
          throw error
        }
      },
      unlock: async () => {
        const held = this.#held.get(id)
        this.#held.delete(id)
        try {
          if (held !== undefined) await this.#release(id, held.connection)
        } finally {
          await local.unlock()
        }
      },
    }
  }

  async close(): Promise<void> {
    const connecting = this.#connecting
    this.#connecting = undefined
    this.#current = undefined
    await (await connecting)?.end()
  }

  async #acquire(id: string, signal: AbortSignal): Promise<LockConnection> {
    const giveUp = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)])
    while (!giveUp.aborted) {
      const connection = await this.#connection()
      const release = this.#watchRelease(id)
      try {
        const { rows } = await connection.query('select pg_try_advisory_lock($1::bigint) as locked', [keyOf(id)])
        if ((rows[0] as { readonly locked?: unknown } | undefined)?.locked === true) return connection
        await notify(connection, `release ${this.#instance} ${id}`)
        await settledOrAborted(release.happened, AbortSignal.any([giveUp, AbortSignal.timeout(LOOK_AGAIN_MS)]))
      } finally {
        release.stop()
      }
    }
    throw lockedError()
  }

  /** A connection that is gone has let go already. */
  async #release(id: string, connection: LockConnection): Promise<void> {
    if (this.#current !== connection) return
    await connection.query('select pg_advisory_unlock($1::bigint)', [keyOf(id)])
    await notify(connection, `released ${this.#instance} ${id}`)
  }

  /** Opened when it is first needed, and anew after it was lost. */
  #connection(): Promise<LockConnection> {
    this.#connecting ??= this.#open().catch((error: unknown) => {
      this.#connecting = undefined
      throw error
    })
    return this.#connecting
  }

  async #open(): Promise<LockConnection> {
    const connection = await this.#options.connect()
    connection.on('notification', ({ payload = '' }) => this.#hear(payload))
    const lost = (): void => this.#lost(connection)
    connection.on('error', lost)
    connection.on('end', lost)
    await connection.query(`listen ${CHANNEL}`)
    this.#current = connection
    return connection
  }

  #hear(payload: string): void {
    const [what, instance, id = ''] = payload.split(' ')
    if (what === 'released') for (const wake of this.#waiting.get(id) ?? []) wake()
    if (what === 'release' && instance !== this.#instance) void this.#held.get(id)?.requestRelease()
  }

  /** What is held by it is not held any more: its requests are asked to stop. */
  #lost(connection: LockConnection): void {
    if (this.#current === connection) {
      this.#connecting = undefined
      this.#current = undefined
    }
    for (const held of this.#held.values()) if (held.connection === connection) void held.requestRelease()
  }

  #watchRelease(id: string): { readonly happened: Promise<void>; readonly stop: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, waiting.add(resolve))
    const stop = (): void => {
      waiting.delete(resolve)
      if (waiting.size === 0) this.#waiting.delete(id)
    }
    return { happened: promise, stop }
  }
}

function notify(connection: LockConnection, payload: string): Promise<unknown> {
  return connection.query('select pg_notify($1, $2)', [CHANNEL, payload])
}

/** 64 bits of a hash: uploads that share a key would only wait for each other. */
function keyOf(id: string): string {
  return createHash('sha256').update(id).digest().readBigInt64BE().toString()
}
