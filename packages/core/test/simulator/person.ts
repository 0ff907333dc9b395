import type { BlobRef } from '../../src/wire/blob-ref.ts'
import type { PendingItem } from '../../src/events.ts'
import { tagged, type Op } from './history.ts'
import type { Random } from './random.ts'
import { hashNow, SimFile } from './sim-blob.ts'
import { INLINE_MAX_BYTES, type SimTab } from './sim-tab.ts'
import type { SimDevice } from './sim-device.ts'
import type { World } from './world.ts'

interface PhotoRow {
  readonly id: string
  readonly image: BlobRef | undefined
}

/** Rows of a fixed id, that several people make or change without knowing of each other. */
const SHARED_IDS = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b']

/** Why a write may be refused: no room, the tab closes, the row went away, or what it builds on was refused. */
const REFUSALS: ReadonlySet<string> = new Set(['STORAGE_FULL', 'CLOSED', 'NOT_FOUND', 'DISCARDED', 'DEPENDENCY_FAILED'])

/** What a person does in one tab. Nothing here waits for the engine: its answers are noted when they come. */
export class Person {
  readonly #world: World
  readonly #device: SimDevice
  readonly #tab: SimTab
  readonly #random: Random

  constructor(world: World, device: SimDevice, tab: SimTab, random: Random) {
    this.#world = world
    this.#device = device
    this.#tab = tab
    this.#random = random
  }

  insert(): PhotoRow {
    const tag = this.#world.history.nextTag
    const id = this.#newId()
    const audio = this.#random.chance(0.2) ? { audio: this.#file('audio', tag) } : {}
    const values = { title: tagged('title', tag), image: this.#file('image', tag), ...audio }
    const written = this.#write({ kind: 'insert', table: 'photos', rowId: id, columns: Object.keys(values) }, () => this.#tab.engine.photos.insert({ id, ...values }))
    return { id, image: written.row?.image }
  }

  async insertAlbum(): Promise<void> {
    const tag = this.#world.history.nextTag
    const id = this.#newId()
    this.#write({ kind: 'insert', table: 'albums', rowId: id, columns: ['title'] }, () => this.#tab.engine.albums.insert({ id, title: tagged('title', tag) }))
    const photo = await this.#somePhoto()
    if (photo !== undefined) {
      // An id carries no tag, so nobody is asked about this column later.
      this.#write({ kind: 'update', table: 'photos', rowId: photo.id, columns: [] }, () => this.#tab.engine.photos.update(photo.id, { albumId: id }))
    }
  }

  /** A new row that names the bytes of another by their reference. */
  async insertRef(): Promise<void> {
    const other = await this.#someRef()
    if (other === undefined) return
    const tag = this.#world.history.nextTag
    const id = this.#newId()
    const values = { title: tagged('title', tag), image: { ...other, name: tagged('ref', tag) } }
    this.#write({ kind: 'insert', table: 'photos', rowId: id, columns: Object.keys(values) }, () => this.#tab.engine.photos.insert({ id, ...values }))
  }

  /** A new row that names bytes which are not stored yet, by the provisional name that they have on the screen. */
  #insertNaming(image: BlobRef): void {
    const tag = this.#world.history.nextTag
    const id = this.#newId()
    const values = { title: tagged('title', tag), image: { ...image, name: tagged('ref', tag) } }
    this.#write({ kind: 'insert', table: 'photos', rowId: id, columns: Object.keys(values) }, () => this.#tab.engine.photos.insert({ id, ...values }))
  }

  async update(): Promise<void> {
    const photo = await this.#somePhoto()
    if (photo !== undefined) this.#update(photo.id, this.#random.chance(0.5) ? 'title' : 'note')
  }

  async replaceBlob(): Promise<void> {
    const photo = await this.#somePhoto()
    if (photo !== undefined) this.#update(photo.id, this.#random.chance(0.8) ? 'image' : 'audio')
  }

  async nameBlob(): Promise<void> {
    const [photo, other] = [await this.#somePhoto(), await this.#someRef()]
    if (photo === undefined || other === undefined) return
    const tag = this.#world.history.nextTag
    const image = { ...other, name: tagged('ref', tag) }
    this.#write({ kind: 'update', table: 'photos', rowId: photo.id, columns: ['image'] }, () => this.#tab.engine.photos.update(photo.id, { image }))
  }

  async upsert(): Promise<void> {
    if (!this.#isOpen()) return
    const id = this.#random.pick(SHARED_IDS) ?? ''
    const seen = await this.#world.peek(this.#tab.engine.photos.get(id))
    const tag = this.#world.history.nextTag
    const values = { title: tagged('title', tag), image: this.#file('image', tag) }
    this.#write({ kind: seen === undefined ? 'upsert' : 'update', table: 'photos', rowId: id, columns: Object.keys(values) }, () => this.#tab.engine.photos.upsert({ id, ...values }))
  }

  async delete(): Promise<void> {
    const photo = await this.#somePhoto()
    if (photo !== undefined) this.#delete(photo.id)
  }

  /** Several writes of one row at once, none awaited. */
  burst(): void {
    const { id, image } = this.insert()
    if (!this.#isOpen()) return
    this.#update(id, 'title')
    if (this.#random.chance(0.5)) this.#update(id, 'image')
    if (image !== undefined && this.#random.chance(0.4)) this.#insertNaming(image)
    if (this.#random.chance(0.4)) this.#delete(id)
  }

  /** Looks at a photo: its bytes are fetched when they are not here. */
  async read(): Promise<void> {
    const ref = await this.#someRef()
    if (ref === undefined) return
    // A fault of the remote is no news here; wrong bytes are, unless they went bad after this session had verified them.
    this.#tab.engine.blobs.get(ref).then((blob) => {
      const wentBadAt = this.#device.vanished.get(ref.hash) ?? 0
      if (blob !== null && hashNow(blob) !== ref.hash && wentBadAt < this.#tab.openedAt) this.#world.violation('corrupt', `${this.#tab.name} was handed other bytes for ${ref.hash}`)
    }, () => undefined)
  }

  async retry(): Promise<void> {
    const item = this.#random.pick((await this.#pending()).filter(({ state }) => state === 'parked' || state === 'conflict'))
    if (item !== undefined) this.#tab.engine.offline.retry(item.id).catch(() => undefined)
  }

  async discard(): Promise<void> {
    const item = this.#random.pick((await this.#pending()).filter(({ type }) => type !== 'upload'))
    if (item === undefined || item.type === 'upload') return
    const { table, rowId } = item
    this.#world.trace(`${this.#tab.name} discards ${item.id}`)
    const weaken = (): void => this.#world.history.weaken(this.#device.name, table, rowId)
    weaken()
    // Whatever was written while it went may have been merged into it.
    this.#tab.engine.offline.discard(item.id).then(weaken, weaken)
  }

  #update(id: string, column: 'title' | 'note' | 'image' | 'audio'): void {
    const tag = this.#world.history.nextTag
    const value = column === 'title' || column === 'note' ? tagged(column, tag) : this.#file(column, tag)
    this.#write({ kind: 'update', table: 'photos', rowId: id, columns: [column] }, () => this.#tab.engine.photos.update(id, { [column]: value }))
  }

  #delete(id: string): void {
    this.#write({ kind: 'delete', table: 'photos', rowId: id, columns: [] }, () => this.#tab.engine.photos.delete(id))
  }

  #write<R extends PromiseLike<unknown>>(what: Pick<Op, 'kind' | 'table' | 'rowId' | 'columns'>, run: () => R): R {
    const { history } = this.#world
    const op = history.begin({ ...what, where: this.#device.name })
    this.#tab.ops.push(op)
    this.#world.trace(`${this.#tab.name} writes #${op.tag} ${what.kind} ${what.table}/${what.rowId} ${what.columns.join()}`)
    const result = run()
    result.then(() => {
      history.end(op, 'acknowledged')
      this.#world.trace(`${this.#tab.name} acknowledged #${op.tag}`)
    }, (error: unknown) => {
      // A write that was under way when its tab closed may have been committed.
      const code = (error as { readonly code?: unknown }).code
      history.end(op, code === 'CLOSED' ? 'crashed' : 'failed')
      if (!REFUSALS.has(String(code))) this.#world.violation('lost', `${this.#tab.name} refused #${op.tag} for no good reason: ${String(error)}`)
      this.#world.trace(`${this.#tab.name} refused #${op.tag}: ${String(code)}`)
    })
    return result
  }

  #isOpen(): boolean {
    return this.#tab.engine.status.getSnapshot().durable !== undefined
  }

  async #somePhoto(): Promise<PhotoRow | undefined> {
    if (!this.#isOpen()) return undefined
    const rows = (await this.#world.peek(this.#tab.engine.photos.where({}).get())) ?? []
    const known = rows.filter((row) => row.image.hash.startsWith('sha256:'))
    const photo = this.#random.pick([...known].sort((a, b) => (a.id < b.id ? -1 : 1)))
    if (photo !== undefined) this.#world.knownRefs.push(photo.image)
    return photo
  }

  /** Of a photo that is there, or of one that somebody saw at some time. */
  async #someRef(): Promise<BlobRef | undefined> {
    if (!this.#isOpen()) return undefined
    return this.#random.chance(0.35) ? this.#random.pick(this.#world.knownRefs) : (await this.#somePhoto())?.image
  }

  async #pending(): Promise<readonly PendingItem[]> {
    return this.#isOpen() ? ((await this.#world.peek(this.#tab.engine.offline.pending())) ?? []) : []
  }

  /** One of few contents, so that the same bytes come again; small ones ride in the commit, large ones do not. */
  #file(kind: string, tag: number): File {
    const { contents, unique } = this.#world.theme
    const content = this.#random.int(contents)
    const sizeBytes = content % 3 === 0 ? 20 + content : INLINE_MAX_BYTES + 40 + content
    const bytes = !this.#random.chance(unique) ? new Uint8Array(sizeBytes).fill(content) : this.#random.bytes(sizeBytes)
    return new SimFile([bytes], tagged(kind, tag), { type: 'image/png' }) as unknown as File
  }

  #newId(): string {
    const hex = Array.from(this.#random.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
  }
}
