import { describe, expect, it } from 'vitest'
import { dataProviderCases, dataProviderSuite, runDataCase, type DataHarness } from '../src/testing/index.ts'
import { brokenData, type BrokenData } from './suite-catches/broken-data.ts'
import { MemoryDataHarness } from './suite-catches/memory-data.ts'

/** A broken provider mostly shows by what never comes. The healthy one answers within a few milliseconds. */
const GIVE_UP_AFTER_MS = 400

function spoiled(how: BrokenData): DataHarness {
  const healthy = new MemoryDataHarness()
  const spoil = how.spoil()
  let openings = 0
  return {
    open: async (context, device) => {
      const opened = await healthy.open(context, device)
      const { connection } = opened
      const broken = spoil(connection, { context, before: openings++ })
      return {
        ...opened,
        connection: {
          changes: broken.changes ?? ((options) => connection.changes(options)),
          push: broken.push ?? ((mutations, options) => connection.push(mutations, options)),
          close: broken.close ?? (() => connection.close()),
        },
      }
    },
    close: () => healthy.close(),
  }
}

/** What the case says of this provider; `undefined` when it notices nothing. */
async function verdict(how: BrokenData): Promise<unknown> {
  const suiteCase = dataProviderCases.find(({ name }) => name === how.caughtBy)
  if (suiteCase === undefined) throw new Error(`no such case: ${how.caughtBy}`)
  return runDataCase(suiteCase, spoiled(how), { giveUpAfterMs: GIVE_UP_AFTER_MS }).then(() => undefined, (error: unknown) => error)
}

dataProviderSuite({ describe, it }, { name: 'memory', open: async () => new MemoryDataHarness() })

describe('the DataProvider suite', () => {
  it.concurrent.each(brokenData.map((how, n) => [how.caughtBy, n, how] as const))('catches by "%s" (%i)', async (_name, _n, how) => {
    const error = await verdict(how)
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(TypeError)
    expect(error).not.toBeInstanceOf(ReferenceError)
  })

  it('has a broken provider for every case', () => {
    expect(dataProviderCases.map(({ name }) => name).filter((name) => !brokenData.some(({ caughtBy }) => caughtBy === name))).toEqual([])
  })
})
