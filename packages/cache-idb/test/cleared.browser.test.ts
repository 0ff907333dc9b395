import { randomBytes } from '@bse/core/testing'
import { expect, it } from 'vitest'
import { cdp } from 'vitest/browser'
import { counts, listed, MIB, openFresh, put, WITHIN } from './tools.ts'

interface Protocol {
  send(method: 'Storage.clearDataForOrigin', params: { origin: string; storageTypes: string }): Promise<unknown>
}

// F-26
it('fails a stage whose first half the browser has cleared', async () => {
  const { store, namespace } = openFresh()
  await listed(store)
  let goOn: (() => void) | undefined
  const pieces = [3, 3].map((mebibytes) => randomBytes(mebibytes * MIB))
  const source = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (pieces.length === 1) await new Promise<void>((resolve) => { goOn = resolve })
      const piece = pieces.shift()
      if (piece === undefined) controller.close()
      else controller.enqueue(piece)
    },
  }, { highWaterMark: 0 })
  const staging = store.stage(source)
  const outcome = expect(staging).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  await expect.poll(async () => goOn !== undefined && (await counts(namespace)).chunks, WITHIN).toBe(2)
  await (cdp() as unknown as Protocol).send('Storage.clearDataForOrigin', { origin: location.origin, storageTypes: 'indexeddb' })
  goOn?.()
  await outcome
  await put(store, randomBytes(10))
  expect(await counts(namespace)).toEqual({ blobs: 1, staging: 0, chunks: 1 })
})
