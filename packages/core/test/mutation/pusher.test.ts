import { describe, expect, it, vi } from 'vitest'
import { platformEnvironment } from '../../src/index.ts'
import { runPublic } from '../../src/internal/runtime.ts'
import { memoryState } from '../../src/memory/index.ts'
import type { MutationRecord } from '../../src/model/mutation.ts'
import { Pusher } from '../../src/mutation/pusher.ts'
import type { DataConnection, StateStore } from '../../src/provider/index.ts'
import { mutationKey } from '../../src/state/keys.ts'
import { readMutation } from '../../src/state/records.ts'
import { HostPause } from '../../src/upload/host-pause.ts'
import { LeaderState, takeLease } from '../../src/state/leader-state.ts'
import type { MutationOp, MutationWire } from '../../src/wire/index.ts'

const { clock } = platformEnvironment()

function record(seq: number, revision: number, values: MutationOp['values']): MutationRecord {
  const ops: MutationOp[] = [{ kind: 'update', table: 'photos', rowId: 'a', values, previous: {} }]
  return { v: 1, id: `m${seq}`, seq, revision, ops, state: { is: 'queued' }, attempts: 0, sent: false, failures: 0, nextAtMs: 0, createdAtMs: 0 }
}

interface Subject {
  readonly state: StateStore
  readonly pusher: Pusher
  readonly sent: MutationWire[]
  readonly plans: () => number
  /** Runs until `look` passes. */
  runs(look: () => Promise<void>): Promise<void>
}

async function subject(state: StateStore, queue: () => readonly MutationRecord[], push: DataConnection['push'] = applied): Promise<Subject> {
  const leader = new LeaderState(state, await takeLease(state, 'tab'))
  let plans = 0
  const sent: MutationWire[] = []
  const ends = new AbortController()
  const pusher = new Pusher({
    leader, clock, acknowledges: 'server', remoteId: 'r', references: { count: () => 0 }, random: () => 0.5, backoff: { baseMs: 1, maxMs: 1 }, maxAttempts: 5, conflictResolution: 'manual',
    streamPause: new HostPause(clock, () => 0.5),
    queue: () => {
      plans += 1
      return queue()
    },
    facts: { blobReady: () => true, refColumns: () => [] },
    onOutcome: () => undefined,
    connection: {
      changes: async function* () {},
      push: async (mutations, options) => {
        sent.push(...mutations)
        return push(mutations, options)
      },
      close: async () => undefined,
    },
  })
  const runs = async (look: () => Promise<void>): Promise<void> => {
    const running = runPublic(pusher.run(), clock, ends.signal).catch(() => undefined)
    await look()
    ends.abort(new Error('done'))
    await running
  }
  return { state, pusher, sent, plans: () => plans, runs }
}

const applied: DataConnection['push'] = async (mutations) => mutations.map(({ id }) => ({ id, is: 'applied', token: null, durable: 'server' }))

function store(state: StateStore, records: readonly MutationRecord[]): Promise<void> {
  return state.update([], () => ({ ops: records.map((one) => ({ put: mutationKey(one.seq), value: one })), result: undefined }), { durability: 'strict' })
}

describe('the pusher', () => {
  // R-179 F-56
  it('does not send what was merged into a write after it was planned', async () => {
    const state = memoryState()('pusher')
    const waits = { ...record(1, 0, { title: 'first' }), nextAtMs: clock.nowMs() + 60_000 }
    const merged = record(2, 1, { note: 'n', title: 'second' })
    await store(state, [waits, merged])
    // This tab's picture is one step behind: there the second write does not touch the title, so it need not wait.
    let picture = [waits, record(2, 0, { note: 'n' })]
    const { plans, pusher, runs, sent } = await subject(state, () => picture)
    await runs(async () => {
      await vi.waitFor(() => expect(plans()).toBeGreaterThan(0))
      picture = [waits, merged]
      pusher.wake()
      await vi.waitFor(() => expect(plans()).toBeGreaterThan(1))
      await state.get([mutationKey(2)])
      expect(sent).toEqual([])
    })
  })

  // R-100 F-1: after a power cut the server may have a write that this device takes for unsent, and later writes would be merged into it.
  it('has noted durably that a write was sent before it is', async () => {
    const inner = memoryState()('pusher')
    const notes: string[] = []
    const state: StateStore = {
      ...inner,
      update: (read, decide, options) => inner.update(read, (get) => {
        const decision = decide(get)
        for (const op of decision.ops) if ('put' in op && readMutation(op.value)?.sent === true) notes.push(options.durability)
        return decision
      }, options),
    }
    const first = record(1, 0, { title: 'first' })
    await store(inner, [first])
    const noted: string[][] = []
    const { runs } = await subject(state, () => [first], async (mutations, options) => {
      noted.push([...notes])
      return applied(mutations, options)
    })
    await runs(() => vi.waitFor(() => expect(noted).toEqual([['strict']]), { timeout: 20_000 }))
  })
})
