import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { describe, expect, it } from 'vitest'
import { filesOf, mutate, MUTANTS } from './mutants.ts'

const sourceOf = (file: string): Promise<string> => readFile(new URL(`../../src/${file}`, import.meta.url), 'utf8')

// `pnpm mutants` shows that each of them is caught; this, that there is something to catch.
describe('each guard that is taken out to try the simulator', () => {
  it.for(MUTANTS)('is in the source: $name', async (mutant) => {
    for (const file of filesOf(mutant)) {
      const before = await sourceOf(file)
      const after = mutate(before, mutant, file)
      expect(after).not.toBe(before)
      expect(() => stripTypeScriptTypes(after)).not.toThrow()
    }
  })

  it('has a name of its own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
  })

  it('is refused when its text is not there once', () => {
    const mutant = { name: 'x', file: 'a.ts', edits: [{ find: 'one', replace: 'two' }] }
    expect(() => mutate('none', { ...mutant, edits: [{ find: 'three', replace: '' }] })).toThrow('not once in a.ts')
    expect(() => mutate('one one', mutant)).toThrow('not once in a.ts')
    expect(mutate('one', mutant)).toBe('two')
  })
})
