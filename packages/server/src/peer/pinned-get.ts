import { lookup, type LookupAddress } from 'node:dns'
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { BseError } from '@bse/core/wire'

const SILENT_MS = 30_000

/**
 * GET from the servers of a list, and from nobody else: no redirect is followed, no credentials are sent, and a name means the addresses that it had when it was
 * first used, whatever it is made to mean later.
 */
export class PinnedGet {
  readonly #addresses: Map<string, readonly LookupAddress[]> = new Map()
  readonly #lookup: LookupFunction = (hostname, options, callback) => {
    const pinned = this.#addresses.get(hostname)
    const answer = (addresses: readonly LookupAddress[]): void => {
      const [first] = addresses
      if (options.all === true) callback(null, [...addresses])
      else callback(null, first?.address ?? '', first?.family)
    }
    if (pinned !== undefined) return answer(pinned)
    lookup(hostname, { all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '')
      this.#addresses.set(hostname, addresses)
      answer(addresses)
    })
  }

  /** @throws BseError `NETWORK` unless the answer is a 200; the signal's reason when aborted. */
  async get(url: string, signal: AbortSignal): Promise<IncomingMessage> {
    signal.throwIfAborted()
    const response = await this.#send(url, signal)
    if (response.statusCode === 200) return response
    response.destroy()
    throw new BseError('NETWORK', 'server.peer: the other server does not give it', { status: response.statusCode })
  }

  #send(url: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options: RequestOptions = { lookup: this.#lookup, signal, timeout: SILENT_MS, headers: { accept: '*/*' } }
      const request = (url.startsWith('https:') ? requestHttps : requestHttp)(url, options, resolve)
      const fail = (cause?: unknown): void => {
        reject(signal.aborted ? signal.reason : new BseError('NETWORK', 'server.peer: the other server does not answer', { status: undefined }, { cause }))
      }
      request.once('timeout', () => request.destroy(new Error('silent')))
      request.once('error', fail)
      request.end()
    })
  }
}
