// Writes docs/errors.md from the comments in packages/core/src/errors.ts. `--check` only compares.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { errorCodes, errorsPage } from './lib/errors-page.mjs'
import { keep } from './lib/generated.mjs'
import { root } from './lib/run.mjs'

const source = readFileSync(join(root, 'packages/core/src/errors.ts'), 'utf8')
if (!keep('docs/errors.md', errorsPage(errorCodes(source)))) process.exitCode = 1
