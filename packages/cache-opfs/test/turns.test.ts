import { expect, it } from 'vitest'
import { Turns } from '../src/turns.ts'

const { signal: never } = new AbortController()

it('lets as many work at a time as it was told', async () => {
  const turns = new Turns(2)
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>())
  const begun: number[] = []
  const works = gates.map((gate, n) => turns.take(() => (begun.push(n), gate.promise), never))
  await Promise.resolve()
  expect(begun).toEqual([0, 1])
  gates[1]?.resolve()
  await works[1]
  await expect.poll(() => begun).toEqual([0, 1, 2])
  for (const gate of gates) gate.resolve()
  await Promise.all(works)
  expect(begun).toEqual([0, 1, 2, 3, 4])
})

it('passes the turn on when the work fails', async () => {
  const turns = new Turns(1)
  await expect(turns.take(() => Promise.reject(new Error('no')), never)).rejects.toThrow('no')
  expect(await turns.take(() => Promise.resolve('next'), never)).toBe('next')
})

it('leaves the line when aborted, without working', async () => {
  const turns = new Turns(1)
  const gate = Promise.withResolvers<void>()
  const first = turns.take(() => gate.promise, never)
  const controller = new AbortController()
  const waiting = turns.take(() => Promise.reject(new Error('it worked')), controller.signal)
  const last = turns.take(() => Promise.resolve('last'), never)
  controller.abort('enough')
  await expect(waiting).rejects.toBe('enough')
  gate.resolve()
  await first
  expect(await last).toBe('last')
})
