import { describe, expect, it } from 'vitest'
import { failedAnswer, guardedBody, Requester, shortText } from '../../src/http/index.ts'
import { plainProviderContext } from '../../src/testing/index.ts'
import { ManualClock } from '../subscription/manual-clock.ts'

const IDLE_MS = 30_000
const STEP_MS = 10_000
const signal = new AbortController().signal

/** A body that gives so many bytes each ten seconds, for ever, and time that passes by it. */
function dripping(sizeBytes: number): { readonly clock: ManualClock; readonly body: ReadableStream<Uint8Array>; readonly wasCancelled: () => boolean } {
  const clock = new ManualClock()
  let wasCancelled = false
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      // Behind whoever asks: their watch has been set by then.
      await new Promise((resolve) => setImmediate(resolve))
      clock.advance(STEP_MS)
      if (!wasCancelled) controller.enqueue(new Uint8Array(sizeBytes))
    },
    cancel: () => {
      wasCancelled = true
    },
  }, { highWaterMark: 0 })
  return { clock, body, wasCancelled: () => wasCancelled }
}

function read(from: ReturnType<typeof dripping>): ReadableStreamDefaultReader<Uint8Array> {
  const requester = new Requester(plainProviderContext({ clock: from.clock }), { adapter: 'test', headers: {}, idleMs: IDLE_MS })
  return guardedBody(requester, new Response(from.body as BodyInit), 'test.open', signal).getReader()
}

async function reads(reader: ReadableStreamDefaultReader<Uint8Array>, most: number): Promise<number> {
  let count = 0
  while (count < most && !(await reader.read()).done) count += 1
  return count
}

// F-54
describe('a body that never ends', () => {
  it('is broken off when it only drips, a byte each ten seconds', async () => {
    const from = dripping(1)
    const reader = read(from)
    await expect(reads(reader, 10)).rejects.toMatchObject({ code: 'NETWORK' })
    expect(from.clock.monotonicMs()).toBeLessThanOrEqual(IDLE_MS)
    await expect.poll(from.wasCancelled).toBe(true)
  })

  it('goes on while it makes some way, however slowly', async () => {
    const reader = read(dripping(1_024))
    expect(await reads(reader, 100)).toBe(100)
    await reader.cancel()
  })

  it('loses no time while nobody reads', async () => {
    const from = dripping(100)
    const reader = read(from)
    await reader.read()
    from.clock.advance(10 * IDLE_MS)
    expect((await reader.read()).done).toBe(false)
    await reader.cancel()
  })
})

describe('the explanation of a failed answer', () => {
  const json = { status: 500, headers: { 'content-type': 'application/json' } }

  // F-54 F-55
  it.each([['drips', 1], ['has no end', 10_000]])('is passed over when it %s, and the status stays', async (_, sizeBytes) => {
    const from = dripping(sizeBytes)
    const answer = await failedAnswer(new Response(from.body as BodyInit, json), { clock: from.clock, idleMs: IDLE_MS, signal })
    expect(answer).toMatchObject({ status: 500, body: undefined })
    await expect.poll(from.wasCancelled).toBe(true)
  })

  it('is not waited for after an abort', async () => {
    const [stop, reason] = [new AbortController(), new Error('enough')]
    const endless = new Response(new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) }) as BodyInit, json)
    const reading = shortText(endless, { clock: new ManualClock(), idleMs: IDLE_MS, signal: stop.signal })
    stop.abort(reason)
    await expect(reading).rejects.toBe(reason)
  })

  it('is read whole when it is short, in whatever pieces it comes', async () => {
    const bytes = new TextEncoder().encode('{"grün":"ß"}')
    const pieces = [...bytes].map((byte) => Uint8Array.of(byte))
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const piece = pieces.shift()
        if (piece === undefined) controller.close()
        else controller.enqueue(piece)
      },
    })
    const answer = await failedAnswer(new Response(body as BodyInit, json), { clock: new ManualClock(), idleMs: IDLE_MS, signal })
    expect(answer.body).toEqual({ grün: 'ß' })
  })
})
