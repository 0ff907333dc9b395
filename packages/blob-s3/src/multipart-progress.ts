import type { UploadIo } from '@bse/core/provider'
import type { FinishedPart } from '@bse/core/wire'
import type { PlannedPart } from './part-plan.ts'

/** Adds up what is out and what has arrived, over all parts. */
export class MultipartProgress {
  readonly #report: UploadIo['onProgress']
  readonly #underway = new Map<number, number>()
  #confirmedBytes: number

  constructor(plan: readonly PlannedPart[], finished: readonly FinishedPart[], io: Pick<UploadIo, 'onProgress'>) {
    this.#report = (progress) => io.onProgress(progress)
    const done = new Set(finished.map(({ partNumber }) => partNumber))
    this.#confirmedBytes = plan.reduce((sum, part) => sum + (done.has(part.partNumber) ? sizeOf(part) : 0), 0)
    this.#tell()
  }

  /** Of one part, from its begin. */
  sent(part: PlannedPart, sentBytes: number): void {
    this.#underway.set(part.partNumber, Math.min(sentBytes, sizeOf(part)))
    this.#tell()
  }

  finished(part: PlannedPart): void {
    this.#underway.delete(part.partNumber)
    this.#confirmedBytes += sizeOf(part)
    this.#tell()
  }

  #tell(): void {
    const sentBytes = [...this.#underway.values()].reduce((sum, bytes) => sum + bytes, this.#confirmedBytes)
    this.#report({ sentBytes, confirmedBytes: this.#confirmedBytes })
  }
}

function sizeOf({ end, start }: PlannedPart): number {
  return end - start
}
