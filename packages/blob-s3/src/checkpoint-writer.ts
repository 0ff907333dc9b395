import type { UploadIo } from '@bse/core/provider'
import type { FinishedPart, MultipartUpload } from '@bse/core/wire'
import { checkpointToJson, type Checkpoint } from './checkpoint.ts'

/** Keeps the checkpoint of one upload. Parts that finish while one is being stored share the next one. */
export class CheckpointWriter {
  readonly #begun: Checkpoint
  readonly #save: UploadIo['saveCheckpoint']
  readonly #parts: Map<number, FinishedPart>
  #saving: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(begun: Checkpoint, io: Pick<UploadIo, 'saveCheckpoint'>) {
    this.#begun = begun
    this.#save = (next) => io.saveCheckpoint(next)
    this.#parts = new Map(begun.parts.map((part) => [part.partNumber, part]))
  }

  get upload(): MultipartUpload {
    return this.#begun.upload
  }

  get partBytes(): number {
    return this.#begun.partBytes
  }

  /** In order. */
  get parts(): readonly FinishedPart[] {
    return [...this.#parts.values()].sort((a, b) => a.partNumber - b.partNumber)
  }

  has(partNumber: number): boolean {
    return this.#parts.has(partNumber)
  }

  async add(part: FinishedPart): Promise<void> {
    this.#parts.set(part.partNumber, part)
    await this.save()
  }

  /** Resolves once a checkpoint with everything of now survives a crash. */
  save(): Promise<void> {
    this.#next ??= this.#saving.then(() => {
      this.#next = undefined
      this.#saving = this.#save(checkpointToJson({ ...this.#begun, parts: this.parts }))
      return this.#saving
    })
    return this.#next
  }
}
