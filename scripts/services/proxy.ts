import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { HttpWatch, type RequestPart, type SeenRequest, type WatchedRequest } from './http-watch.ts'

export type { SeenRequest } from './http-watch.ts'

/**
 * Where something happens: once `after` bytes of the part have been passed on, 0 being before its first byte. `up` and `down` count the
 * bytes of one connection, whatever they mean; the other parts are those of one HTTP request.
 */
export interface Place {
  readonly part: RequestPart | 'up' | 'down'
  readonly after: number
  /** Which requests count. Default: any. A head that is not whole yet has no method and no path. */
  readonly request?: (request: SeenRequest) => boolean
}

export type FaultAction =
  /** What came before arrives; then both halves of the connection end. */
  | { readonly do: 'cut' }
  /** Nothing more of this direction passes for so long. */
  | { readonly do: 'delay'; readonly delayMs: number }
  /** The next bytes, as far as they come in one chunk, are passed on twice. */
  | { readonly do: 'duplicate'; readonly sizeBytes: number }
  /** All bits of the next byte are flipped. */
  | { readonly do: 'corrupt' }
  /** Nothing more of this direction passes until `until` has resolved. */
  | { readonly do: 'hold'; readonly until: () => Promise<void> }

/** Something that was asked for. It happens once. */
export interface Fault {
  readonly happened: boolean
  /** The request that it hit, as it was then; `undefined` before, and where bytes of a connection were counted. */
  readonly request: SeenRequest | undefined
  /** Resolves when it happens. */
  readonly hit: Promise<void>
}

interface Armed {
  readonly place: Place
  readonly action: FaultAction
  readonly fire: (request: SeenRequest | undefined) => void
}

interface Line {
  readonly client: Socket
  readonly server: Socket
  readonly watch: HttpWatch
  upBytes: number
  downBytes: number
}

/** A TCP wire between clients and a server that counts what passes, and breaks at the very byte that it is told to. */
export class Proxy {
  readonly #target: () => number
  readonly #lines: Set<Line> = new Set()
  readonly #armed: Set<Armed> = new Set()
  readonly #requests: WatchedRequest[] = []
  #listener: Server | undefined
  #port = 0
  #connections = 0
  #upBytes = 0
  #downBytes = 0

  /** `target` is asked for the server's port at each connection, so that the server may be started again elsewhere. */
  constructor(target: () => number) {
    this.#target = target
  }

  static async open(target: number | (() => number)): Promise<Proxy> {
    const proxy = new Proxy(typeof target === 'number' ? () => target : target)
    await proxy.listen()
    return proxy
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get connections(): number {
    return this.#connections
  }

  /** Passed on to the server, over all connections. */
  get upBytes(): number {
    return this.#upBytes
  }

  /** Passed on to clients, over all connections. */
  get downBytes(): number {
    return this.#downBytes
  }

  /** Every request since the start or the last `forget`, oldest first. */
  get requests(): readonly SeenRequest[] {
    return this.#requests
  }

  /** Bytes of request bodies that reached the server, repeated ones counted again. */
  bodyBytes(which: (request: SeenRequest) => boolean = () => true): number {
    return this.#requests.filter(which).reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)
  }

  /** Counts requests from 0 again, and drops what has not happened yet. */
  forget(): void {
    this.#requests.length = 0
    this.#armed.clear()
  }

  /** Asks for something to happen, once, at the first place that fits. */
  inject(place: Place, action: FaultAction): Fault {
    const { promise, resolve } = Promise.withResolvers<void>()
    const state: { happened: boolean; request: SeenRequest | undefined } = { happened: false, request: undefined }
    const armed: Armed = {
      place,
      action,
      fire: (request) => {
        this.#armed.delete(armed)
        state.happened = true
        state.request = request === undefined ? undefined : { ...request }
        resolve()
      },
    }
    this.#armed.add(armed)
    return {
      hit: promise,
      get happened(): boolean {
        return state.happened
      },
      get request(): SeenRequest | undefined {
        return state.request
      },
    }
  }

  cut(place: Place): Fault {
    return this.inject(place, { do: 'cut' })
  }

  /** Listens, always on the same port. */
  async listen(): Promise<void> {
    const listener = createServer({ noDelay: true, allowHalfOpen: true }, (client) => this.#join(client))
    listener.listen(this.#port, '127.0.0.1')
    await once(listener, 'listening')
    this.#port = (listener.address() as AddressInfo).port
    this.#listener = listener
  }

  /** Refuses new connections and cuts all that are open. `listen` ends that. */
  async close(): Promise<void> {
    const listener = this.#listener
    if (listener === undefined) return
    this.#listener = undefined
    const closed = once(listener, 'close')
    listener.close()
    this.cutAll()
    await closed
  }

  cutAll(): void {
    for (const line of [...this.#lines]) this.#drop(line)
  }

  #join(client: Socket): void {
    const server = connect({ port: this.#target(), host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    const line: Line = { client, server, watch: new HttpWatch(() => this.#beginRequest()), upBytes: 0, downBytes: 0 }
    this.#connections++
    this.#lines.add(line)
    for (const socket of [client, server]) {
      // A reset is one way for a connection to end, and ends the other half too.
      socket.on('error', () => this.#drop(line))
      socket.on('close', () => this.#drop(line))
    }
    this.#pump(line, 'up').catch(() => this.#drop(line))
    this.#pump(line, 'down').catch(() => this.#drop(line))
  }

  #beginRequest(): WatchedRequest {
    const request = { index: this.#requests.length, method: '', path: '', headBytes: 0, bodyBytes: 0, answerBytes: 0 }
    this.#requests.push(request)
    return request
  }

  /** One direction: its bytes pass in order, and whatever happens to some of them holds back those behind. */
  async #pump(line: Line, direction: 'up' | 'down'): Promise<void> {
    const [from, to] = direction === 'up' ? [line.client, line.server] : [line.server, line.client]
    for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      let passed = 0
      for (const { bytes, isFirst, part, request } of line.watch[direction](chunk)) {
        passed += bytes.length
        if (!(await this.#pass(line, direction, bytes, { part, request, isFirst }))) return
      }
      // An answer before any request: not HTTP, or a server that hangs up.
      if (passed < chunk.length && !(await this.#pass(line, direction, chunk.subarray(passed), undefined))) return
    }
    to.end()
  }

  /** Passes bytes of one part on, stopping at each place where something is to happen. False when the line was cut. */
  async #pass(line: Line, direction: 'up' | 'down', bytes: Buffer, within: Within | undefined): Promise<boolean> {
    let rest = bytes
    let mayFireHere = within?.isFirst ?? true
    for (;;) {
      const next = this.#next(line, direction, rest.length, within, mayFireHere)
      const head = rest.subarray(0, next?.inBytes ?? rest.length)
      await this.#write(line, direction, head, within)
      rest = rest.subarray(head.length)
      if (next === undefined) return true
      next.armed.fire(within?.request)
      if (next.armed.action.do === 'cut') {
        this.#cut(line, direction)
        return false
      }
      rest = await this.#act(line, direction, rest, next.armed.action, within)
      mayFireHere = true
    }
  }

  /** The nearest place within the next `length` bytes; those right here count only where a part begins or something just happened. */
  #next(line: Line, direction: 'up' | 'down', length: number, within: Within | undefined, mayFireHere: boolean): { readonly armed: Armed; readonly inBytes: number } | undefined {
    let nearest: { readonly armed: Armed; readonly inBytes: number } | undefined
    for (const armed of this.#armed) {
      const inBytes = distance(armed.place, line, direction, within)
      const isHere = inBytes !== undefined && inBytes <= length && (inBytes > 0 || (inBytes === 0 && mayFireHere))
      if (isHere && inBytes < (nearest?.inBytes ?? Infinity)) nearest = { armed, inBytes }
    }
    return nearest
  }

  async #act(line: Line, direction: 'up' | 'down', rest: Buffer, action: FaultAction, within: Within | undefined): Promise<Buffer> {
    if (action.do === 'delay') await wait(action.delayMs)
    else if (action.do === 'hold') await action.until()
    else if (action.do === 'duplicate') await this.#write(line, direction, rest.subarray(0, action.sizeBytes), undefined)
    else if (action.do === 'corrupt' && rest.length > 0) {
      await this.#write(line, direction, Buffer.from([(rest[0] ?? 0) ^ 0xff]), within)
      return rest.subarray(1)
    }
    return rest
  }

  async #write(line: Line, direction: 'up' | 'down', bytes: Buffer, within: Within | undefined): Promise<void> {
    if (bytes.length === 0) return
    if (direction === 'up') {
      this.#upBytes += bytes.length
      line.upBytes += bytes.length
    } else {
      this.#downBytes += bytes.length
      line.downBytes += bytes.length
    }
    if (within !== undefined) within.request[`${within.part}Bytes`] += bytes.length
    const to = direction === 'up' ? line.server : line.client
    if (!to.write(bytes) && !to.destroyed) await once(to, 'drain')
  }

  /** The bytes before the cut arrive: the half they went to is ended in order, the other one is torn off. */
  #cut(line: Line, direction: 'up' | 'down'): void {
    const [from, to] = direction === 'up' ? [line.client, line.server] : [line.server, line.client]
    from.destroy()
    to.end(() => this.#drop(line))
  }

  #drop(line: Line): void {
    if (!this.#lines.delete(line)) return
    line.client.destroy()
    line.server.destroy()
  }
}

interface Within {
  readonly part: RequestPart
  readonly request: WatchedRequest
  readonly isFirst: boolean
}

/** Bytes until the place; `undefined` when it is not on this line, in this direction and part. */
function distance({ after, part, request }: Place, line: Line, direction: 'up' | 'down', within: Within | undefined): number | undefined {
  if (part === 'up' || part === 'down') return part === direction ? after - line[`${part}Bytes`] : undefined
  if (within === undefined || part !== within.part || request?.(within.request) === false) return undefined
  return after - within.request[`${part}Bytes`]
}
