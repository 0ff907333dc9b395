import type { BlobRef } from '../../src/wire/blob-ref.ts'
import type { PendingItem } from '../../src/events.ts'
import { Hand, refOfContent, type Intent } from './hand.ts'
import { tagged } from './history.ts'
import type { Action } from './plan.ts'
import { createRandom, type Random } from './random.ts'
import { hashNow } from './sim-blob.ts'
import type { SimTab } from './sim-tab.ts'
import type { SimDevice } from './sim-device.ts'
import type { World } from './world.ts'

interface PhotoRow {
  readonly id: string
  readonly image: BlobRef | undefined
}

/** Rows of a fixed id, that several people make or change without knowing of each other. */
const SHARED_IDS = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b']

/** What a person does in one tab. Nothing here waits for the engine: its answers are noted when they come. */
export class Person {
  readonly #world: World
  readonly #device: SimDevice
  readonly #tab: SimTab
  readonly #random: Random
  readonly #hand: Hand
  /** Whose bytes it is about; left out, anything. */
  readonly #about: BlobRef | undefined
  /** Whether it is about the row that this device made last. */
  readonly #isOwn: boolean

  constructor(world: World, device: SimDevice, tab: SimTab, { salt, content, own }: Action) {
    this.#world = world
    this.#device = device
    this.#tab = tab
    this.#random = createRandom(salt)
    this.#hand = new Hand(world, device, tab, this.#random, content)
    this.#about = content === undefined ? undefined : refOfContent(content)
    this.#isOwn = own === true
  }

  insert(): PhotoRow {
    const tag = this.#hand.nextTag
    const id = this.#hand.newId()
    const audio = this.#random.chance(0.2) ? { audio: this.#hand.file('audio', tag) } : {}
    const values = { title: tagged('title', tag), image: this.#hand.file('image', tag), ...audio }
    const written = this.#hand.write({ kind: 'insert', table: 'photos', rowId: id, columns: Object.keys(values) }, () => this.#tab.engine.photos.insert({ id, ...values }))
    return { id, image: written.row?.image }
  }

  async insertAlbum(): Promise<void> {
    const tag = this.#hand.nextTag
    const id = this.#hand.newId()
    this.#hand.write({ kind: 'insert', table: 'albums', rowId: id, columns: ['title'] }, () => this.#tab.engine.albums.insert({ id, title: tagged('title', tag) }))
    const photo = await this.#somePhoto()
    if (photo !== undefined) {
      // An id carries no tag, so nobody is asked about this column later.
      this.#hand.write({ kind: 'update', table: 'photos', rowId: photo.id, columns: [] }, () => this.#tab.engine.photos.update(photo.id, { albumId: id }))
    }
  }

  /** A new row that names the bytes of another by their reference. */
  async insertRef(): Promise<void> {
    const other = await this.#someRef()
    if (other === undefined) return
    const tag = this.#hand.nextTag
    const id = this.#hand.newId()
    const values = { title: tagged('title', tag), image: { ...other, name: tagged('ref', tag) } }
    this.#hand.write({ kind: 'insert', table: 'photos', rowId: id, columns: Object.keys(values) }, () => this.#tab.engine.photos.insert({ id, ...values }))
  }

  /** A new row that names bytes which are not stored yet, by the provisional name that they have on the screen. */
  #insertNaming(image: BlobRef): void {
    const tag = this.#hand.nextTag
    const id = this.#hand.newId()
    const values = { title: tagged('title', tag), image: { ...image, name: tagged('ref', tag) } }
    this.#hand.write({ kind: 'insert', table: 'photos', rowId: id, columns: Object.keys(values) }, () => this.#tab.engine.photos.insert({ id, ...values }))
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
    const tag = this.#hand.nextTag
    const image = { ...other, name: tagged('ref', tag) }
    this.#hand.write({ kind: 'update', table: 'photos', rowId: photo.id, columns: ['image'] }, () => this.#tab.engine.photos.update(photo.id, { image }))
  }

  async upsert(): Promise<void> {
    if (!this.#isOpen()) return
    const id = this.#random.pick(SHARED_IDS) ?? ''
    const seen = await this.#world.peek(this.#tab.engine.photos.get(id))
    const tag = this.#hand.nextTag
    const values = { title: tagged('title', tag), image: this.#hand.file('image', tag) }
    this.#hand.write({ kind: seen === undefined ? 'upsert' : 'update', table: 'photos', rowId: id, columns: Object.keys(values) }, () => this.#tab.engine.photos.upsert({ id, ...values }))
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

  /** An album with its photos, and what belongs to it: all of it or nothing. */
  async batch(): Promise<void> {
    if (!this.#isOpen()) return
    const photo = await this.#somePhoto()
    const tag = this.#hand.nextTag
    const [albumId, first, second] = [this.#hand.newId(), this.#hand.newId(), this.#hand.newId()]
    const title = (place: number): string => tagged('title', tag + place)
    const [image, other] = [this.#hand.file('image', tag + 1), this.#random.chance(0.5) ? this.#hand.file('image', tag + 2) : undefined]
    const change = photo === undefined ? undefined : this.#random.pick(['update', 'delete', undefined] as const)
    const intents: Intent[] = [
      { kind: 'insert', table: 'albums', rowId: albumId, columns: ['title'] }, { kind: 'insert', table: 'photos', rowId: first, columns: ['title', 'image'] },
    ]
    if (other !== undefined) intents.push({ kind: 'insert', table: 'photos', rowId: second, columns: ['title', 'image'] })
    const noteTag = tag + intents.length
    if (photo !== undefined && change !== undefined) intents.push({ kind: change, table: 'photos', rowId: photo.id, columns: change === 'update' ? ['note'] : [] })
    this.#hand.writeAll(intents, () => this.#tab.engine.batch(({ albums, photos }) => {
      // The photo before its album: rows of one batch may refer to each other in any order.
      photos.insert({ id: first, title: title(1), image, albumId })
      albums.insert({ id: albumId, title: title(0) })
      if (other !== undefined) photos.insert({ id: second, title: title(2), image: other, albumId })
      if (photo !== undefined && change === 'update') photos.update(photo.id, this.#tab.dialect.toApp({ note: tagged('note', noteTag) }))
      if (photo !== undefined && change === 'delete') photos.delete(photo.id)
    }))
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
    const item = this.#random.pick((this.#pending()).filter(({ state }) => state === 'parked' || state === 'conflict'))
    if (item !== undefined) this.#tab.engine.offline.retry(item.id).catch(() => undefined)
  }

  async discard(): Promise<void> {
    const pending = this.#pending()
    const own = this.#isOwn ? this.#ownRowId() : undefined
    const item = this.#random.pick(pending.filter((one) => one.type !== 'upload' && (own === undefined || one.rowId === own)))
    if (item === undefined) return
    this.#world.trace(`${this.#tab.name} discards ${item.id}`)
    const weaken = (): void => {
      for (const one of pending) if (one.type !== 'upload' && one.id === item.id) this.#world.history.weaken(this.#device.name, one.table, one.rowId)
    }
    weaken()
    for (const one of pending) {
      if (one.id === item.id && (one.type === 'insert' || one.type === 'upsert')) this.#world.history.unmake(this.#device.name, one.table, one.rowId)
    }
    // Whatever was written while it went may have been merged into it.
    this.#tab.engine.offline.discard(item.id).then(weaken, weaken)
  }

  /** Everything, or one thing. */
  async pause(): Promise<void> {
    const item = this.#random.chance(0.3) ? undefined : this.#random.pick(this.#pending())
    this.#tab.engine.offline.pause(item?.id).catch(() => undefined)
  }

  async resume(): Promise<void> {
    const item = this.#random.chance(0.7) ? undefined : this.#random.pick((this.#pending()).filter(({ state }) => state === 'paused'))
    this.#tab.engine.offline.resume(item?.id).catch(() => undefined)
  }

  /** What was given up waits like what is parked: until somebody wants it after all. */
  async cancel(): Promise<void> {
    const item = this.#random.pick(this.#pending())
    if (item !== undefined) this.#tab.engine.offline.cancel(item.id).catch(() => undefined)
  }

  #update(id: string, column: 'title' | 'note' | 'image' | 'audio'): void {
    const tag = this.#hand.nextTag
    const value = column === 'title' || column === 'note' ? tagged(column, tag) : this.#hand.file(column, tag)
    this.#hand.write({ kind: 'update', table: 'photos', rowId: id, columns: [column] }, () => this.#tab.engine.photos.update(id, this.#tab.dialect.toApp({ [column]: value })))
  }

  #delete(id: string): void {
    this.#hand.write({ kind: 'delete', table: 'photos', rowId: id, columns: [] }, () => this.#tab.engine.photos.delete(id))
  }

  #isOpen(): boolean {
    return this.#tab.engine.status.getSnapshot().durable !== undefined
  }

  async #somePhoto(): Promise<PhotoRow | undefined> {
    if (!this.#isOpen()) return undefined
    const rows = (await this.#world.peek(this.#tab.engine.photos.where({}).get())) ?? []
    const own = this.#isOwn ? this.#ownRowId() : undefined
    const known = rows.filter(({ id, image }) => image.hash.startsWith('sha256:') && (this.#isOwn ? id === own : this.#isAbout(image)))
    const photo = this.#random.pick([...known].sort((a, b) => (a.id < b.id ? -1 : 1)))
    if (photo !== undefined) this.#world.knownRefs.push(photo.image)
    return photo
  }

  /** Of a photo that is there, or of one that somebody saw at some time. */
  async #someRef(): Promise<BlobRef | undefined> {
    if (!this.#isOpen()) return undefined
    // Of bytes that are spoken of, somebody has a link; whether they exist is another matter.
    const known = this.#about === undefined ? this.#world.knownRefs : [this.#about]
    const isMemory = this.#about !== undefined || this.#random.chance(0.35)
    return isMemory ? this.#random.pick(known) : (await this.#somePhoto())?.image
  }

  #isAbout({ hash }: BlobRef): boolean {
    return this.#about === undefined || this.#about.hash === hash
  }

  #ownRowId(): string | undefined {
    return this.#world.history.ops.findLast(({ where, kind, table }) => where === this.#device.name && kind === 'insert' && table === 'photos')?.rowId
  }

  /** As the screen shows it. */
  #pending(): readonly PendingItem[] {
    return this.#isOpen() ? this.#tab.engine.status.getSnapshot().pending : []
  }
}
