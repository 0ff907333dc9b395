// Writes docs/options.md from the table in packages/core/src/option-table.ts. `--check` only compares.
import { CONTRADICTIONS, PART_OPTIONS, VALUE_OPTIONS } from '../packages/core/src/option-table.ts'
import { keep } from './lib/generated.mjs'
import { optionsPage } from './lib/options-page.mjs'

if (!keep('docs/options.md', optionsPage(VALUE_OPTIONS, PART_OPTIONS, CONTRADICTIONS))) process.exitCode = 1
