import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { UploadWatch, type SeenUpload } from './upload-watch.ts'

/** Cuts one connection at an exact place. Each rule fires once. */
export type Cut =
  /** When this many bytes of an upload's body have been passed on; the rest of the chunk is dropped. */
  | { readonly when: 'upload-reaches'; readonly bytes: number }
  /** When the server begins to answer an upload: it has stored the bytes, and nobody hears of it. */
  | { readonly when: 'upload-is-answered' }

interface Line {
  readonly client: Socket
  readonly server: Socket
  readonly watch: UploadWatch
  isWebSocket: boolean
  /** Nothing more is taken from the client. */
  isHeld: boolean
}

const ROWS_HEAD = 'GET /sync'

/** A wire between browsers and the server that counts, tells of uploads, and breaks when it is told to. */
export class Wire {
  readonly #targetPort: () => number
  readonly #lines: Set<Line> = new Set()
  readonly #waiting: Set<(upload: SeenUpload) => void> = new Set()
  #listener: Server | undefined
  #port = 0
  #cut: { readonly rule: Cut; readonly done: (upload: SeenUpload) => void } | undefined
  #hold: { readonly bytes: number; readonly done: (upload: SeenUpload) => void } | undefined
  #isMute = false
  #downBytes = 0
  #uploadBytes = 0

  constructor(targetPort: () => number) {
    this.#targetPort = targetPort
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** All that the server has said to browsers. */
  get downBytes(): number {
    return this.#downBytes
  }

  /** Bytes of upload bodies that went to the server, repeated ones counted again. */
  get uploadBytes(): number {
    return this.#uploadBytes
  }

  /** Listens, always on the same port. */
  async open(): Promise<void> {
    const listener = createServer({ noDelay: true }, (client) => this.#join(client))
    listener.listen(this.#port, '127.0.0.1')
    await once(listener, 'listening')
    this.#port = (listener.address() as AddressInfo).port
    this.#listener = listener
  }

  /** Refuses new connections and cuts all that are open: nobody gets through any more. */
  async close(): Promise<void> {
    const listener = this.#listener
    if (listener === undefined) return
    this.#listener = undefined
    this.#isMute = false
    const closed = once(listener, 'close')
    listener.close()
    this.cutAll()
    await closed
  }

  cutAll(): void {
    for (const line of [...this.#lines]) this.#drop(line)
  }

  /**
   * Resolves while an upload is on the wire of which at least `bytes` have been passed on and at least one has not. Whoever awaits
   * it runs before another byte goes through.
   */
  sawUpload(bytes: number): Promise<SeenUpload> {
    return new Promise((resolve) => {
      const look = (upload: SeenUpload): void => {
        if (upload.sentBytes < bytes || upload.sentBytes >= upload.sizeBytes) return
        this.#waiting.delete(look)
        resolve(upload)
      }
      this.#waiting.add(look)
    })
  }

  /** Resolves when it has been done, with the upload that it hit. */
  cutOnce(rule: Cut): Promise<SeenUpload> {
    return new Promise((done) => {
      this.#cut = { rule, done }
    })
  }

  /**
   * Stops the next upload where this many bytes or some more have been passed on: it neither goes on nor fails, until the client gives
   * up its connection. Resolves when it stands.
   */
  holdOnce(bytes: number): Promise<SeenUpload> {
    return new Promise((done) => {
      this.#hold = { bytes, done }
    })
  }

  /** What the server says about rows gets lost, until the wire is closed: it has them, and nobody hears of it. */
  mute(): void {
    this.#isMute = true
  }

  #join(client: Socket): void {
    const server = connect({ port: this.#targetPort(), host: '127.0.0.1', noDelay: true })
    const line: Line = { client, server, watch: new UploadWatch(), isWebSocket: false, isHeld: false }
    this.#lines.add(line)
    client.on('data', (chunk) => this.#up(line, chunk))
    server.on('data', (chunk) => this.#down(line, chunk))
    client.on('drain', () => server.resume())
    server.on('drain', () => line.isHeld || client.resume())
    for (const socket of [client, server]) {
      // A reset is one way for a connection to end, and ends the other half too.
      socket.on('error', () => this.#drop(line))
      socket.on('close', () => this.#drop(line))
    }
  }

  #up(line: Line, chunk: Buffer): void {
    line.isWebSocket ||= chunk.toString('latin1', 0, ROWS_HEAD.length) === ROWS_HEAD
    const before = line.watch.current?.sentBytes ?? 0
    const bodyBytes = line.watch.sent(chunk)
    const upload = line.watch.current
    const surplus = upload === undefined ? undefined : this.#surplusOf(upload)
    const passed = surplus === undefined ? chunk : chunk.subarray(0, chunk.length - surplus)
    this.#uploadBytes += Math.max(0, bodyBytes - (surplus ?? 0))
    if (!line.server.write(passed)) line.client.pause()
    if (upload === undefined) return
    if (surplus !== undefined) return this.#cutAfterWriting(line, { ...upload, sentBytes: upload.sentBytes - surplus })
    this.#holdHere(line, upload)
    if (upload.sentBytes > before) for (const look of [...this.#waiting]) look(upload)
  }

  /** Bytes of the newest chunk that lie behind the place to cut; `undefined` when it is not reached. */
  #surplusOf(upload: SeenUpload): number | undefined {
    const rule = this.#cut?.rule
    if (rule?.when !== 'upload-reaches' || upload.sentBytes < rule.bytes) return undefined
    return upload.sentBytes - rule.bytes
  }

  #holdHere(line: Line, upload: SeenUpload): void {
    const hold = this.#hold
    if (hold === undefined || upload.sentBytes < hold.bytes) return
    this.#hold = undefined
    line.isHeld = true
    line.client.pause()
    hold.done(upload)
  }

  /** The bytes before the cut arrive: the server's half is ended in order, the client's is torn off. */
  #cutAfterWriting(line: Line, upload: SeenUpload): void {
    const cut = this.#cut
    this.#cut = undefined
    line.client.destroy()
    line.server.end(() => this.#drop(line))
    cut?.done(upload)
  }

  #down(line: Line, chunk: Buffer): void {
    if (line.isWebSocket && this.#isMute) return
    const upload = line.watch.current
    if (upload !== undefined && this.#cut?.rule.when === 'upload-is-answered') {
      const { done } = this.#cut
      this.#cut = undefined
      this.#drop(line)
      return done(upload)
    }
    line.watch.answered()
    this.#downBytes += chunk.length
    if (!line.client.write(chunk)) line.server.pause()
  }

  #drop(line: Line): void {
    if (!this.#lines.delete(line)) return
    line.client.destroy()
    line.server.destroy()
  }
}
