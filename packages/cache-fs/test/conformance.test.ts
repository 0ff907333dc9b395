import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheStoreSuite } from '@bse/core/testing'
import { afterAll, describe, it } from 'vitest'
import { fsCache } from '../src/index.ts'

const directory = await mkdtemp(join(tmpdir(), 'bse-cache-fs-suite-'))
afterAll(() => rm(directory, { recursive: true }))
cacheStoreSuite({ describe, it }, { name: 'fs', open: fsCache({ directory }) })
