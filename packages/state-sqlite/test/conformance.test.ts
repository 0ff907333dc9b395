import { stateStoreSuite } from '@bse/core/testing'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, it } from 'vitest'
import { sqliteState } from '../src/index.ts'

const directory = mkdtempSync(join(tmpdir(), 'bse-state-'))
afterAll(() => rmSync(directory, { recursive: true }))

//
stateStoreSuite({ describe, it }, { name: 'sqlite', open: sqliteState({ directory }) })
