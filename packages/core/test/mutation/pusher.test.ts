import { describe, expect, it, vi } from 'vitest'
import { platformEnvironment } from '../../src/index.ts'
import { runPublic } from '../../src/internal/runtime.ts'
import { memoryState } from '../../src/memory/index.ts'
import type { MutationRecord } from '../../src/model/mutation.ts'
import { Pusher } from '../../src/mutation/pusher.ts'
import { mutationKey } from '../../src/state/keys.ts'
import { HostPause } from '../../src/upload/host-pause.ts'
import { LeaderState, takeLease } from '../../src/state/leader-state.ts'
import type { MutationOp, MutationWire } from '../../src/wire/index.ts'

const { clock } = platformEnvironment()

function record(seq: number, revision: number, values: MutationOp['values']): MutationRecord {
  const ops: MutationOp[] = [{ kind: 'update', table: 'photos', rowId: 'a', values, previous: {} }]
  return { v: 1, id: `m${seq}`, seq, revision, ops, state: { is: 'queued' }, attempts: 0, sent: false, failures: 0, nextAtMs: 0, createdAtMs: 0 }
}

describe('the pusher', () => {
  // R-179 F-56
  it('does not send what was merged into a write after it was planned', async () => {
    const state = memoryState()('pusher')
    const leader = new LeaderState(state, await takeLease(state, 'tab'))
    const waits = { ...record(1, 0, { title: 'first' }), nextAtMs: clock.nowMs() + 60_000 }
    const merged = record(2, 1, { note: 'n', title: 'second' })
    await state.update([], () => ({ ops: [waits, merged].map((one) => ({ put: mutationKey(one.seq), value: one })), result: undefined }), { durability: 'strict' })
    // This tab's picture is one step behind: there the second write does not touch the title, so it need not wait.
    let picture = [waits, record(2, 0, { note: 'n' })]
    let plans = 0
    const sent: MutationWire[] = []
    const ends = new AbortController()
    const pusher = new Pusher({
      leader, clock, acknowledges: 'server', remoteId: 'r', references: { count: () => 0 }, random: () => 0.5, backoff: { baseMs: 1, maxMs: 1 }, maxAttempts: 5, conflictResolution: 'manual',
      streamPause: new HostPause(clock, () => 0.5),
      queue: () => {
        plans += 1
        return picture
      },
      facts: { blobReady: () => true, refColumns: () => [] },
      onOutcome: () => undefined,
      connection: {
        changes: async function* () {},
        push: async (mutations) => {
          sent.push(...mutations)
          return mutations.map(({ id }) => ({ id, is: 'applied', token: null, durable: 'server' }))
        },
        close: async () => undefined,
      },
    })
    const running = runPublic(pusher.run(), clock, ends.signal).catch(() => undefined)
    await vi.waitFor(() => expect(plans).toBeGreaterThan(0))
    picture = [waits, merged]
    pusher.wake()
    await vi.waitFor(() => expect(plans).toBeGreaterThan(1))
    await state.get([mutationKey(2)])
    expect(sent).toEqual([])
    ends.abort(new Error('done'))
    await running
  })
})
