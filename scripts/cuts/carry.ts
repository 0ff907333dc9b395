import type { BlobProvider, UploadTask } from '../../packages/core/src/provider/index.ts'
import type { Json } from '../../packages/core/src/wire/index.ts'
import { isBseError } from '../../packages/core/src/wire/index.ts'

const MAX_TRIES = 12

/** Tries as core does, without its waits: the checkpoint is kept, and after a failure the store is asked first. Answers how many tries it took. */
export async function carry(provider: BlobProvider, task: UploadTask, signal: AbortSignal): Promise<number> {
  let checkpoint: Json | undefined
  const saveCheckpoint = async (next: Json): Promise<void> => {
    checkpoint = JSON.parse(JSON.stringify(next)) as Json
  }
  for (let tries = 1; ; tries++) {
    try {
      if (tries > 1 && (await isStored(provider, task, signal))) return tries
      await provider.upload(task, { checkpoint, saveCheckpoint, onProgress: () => undefined, signal })
      return tries
    } catch (error) {
      if (!isBseError(error) || !error.retryable || tries >= MAX_TRIES) throw error
    }
  }
}

async function isStored(provider: BlobProvider, { hash }: UploadTask, signal: AbortSignal): Promise<boolean> {
  const [stat] = await provider.stat([hash], { signal })
  return stat?.is === 'stored'
}
