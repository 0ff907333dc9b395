import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CONTRADICTIONS, PART_OPTIONS, VALUE_OPTIONS } from '../packages/core/src/option-table.ts'
import { optionsPage } from './lib/options-page.mjs'

describe('the page of options', () => {
  it('shows what an option takes, and what it is when left out', () => {
    const page = optionsPage(
      { 'cache.size': { defaultValue: 64_000, takes: 'a size', meaning: 'How much.' } },
      { data: { isRequired: true, takes: 'a | b', meaning: 'Rows.' } },
      [{ option: 'cache.low', against: 'cache.high', rule: 'at most cache.high' }],
    )
    expect(page).toContain('| `cache.size` | a size | `64,000` | How much. |')
    expect(page).toContain('| `cache.low` | `cache.high` | at most cache.high |')
    expect(page).toContain('| `data` | a \\| b | yes | Rows. |')
  })

  //
  it('is committed as the table of defaults says', () => {
    const committed = readFileSync(new URL('../docs/options.md', import.meta.url), 'utf8')
    expect(committed).toBe(optionsPage(VALUE_OPTIONS, PART_OPTIONS, CONTRADICTIONS))
  })
})
