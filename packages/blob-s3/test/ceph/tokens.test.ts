import { afterAll, beforeAll, expect, it } from 'vitest'
import { plainProviderContext } from '@bse/core/testing'
import { startS3Backend, type S3Backend } from '../../../../scripts/services/s3-backend.ts'
import { s3Blobs } from '../../src/index.ts'
import { io, randomTask } from '../support/stubs.ts'

const MIB = 1_048_576
const USES = 3

let backend: S3Backend
const uses = new Map<string, number>()
beforeAll(async () => {
  backend = await startS3Backend({
    authorize: (request) => {
      const token = request.headers.get('authorization') ?? ''
      const before = uses.get(token) ?? 0
      uses.set(token, before + 1)
      // Each call asks once or twice; a token that is worn out stays so.
      return before < USES ? { space: 'family' } : { refuse: 'unauthorized' }
    },
  })
}, 120_000)
afterAll(() => backend.close())

// F-46
it('ends an upload whose token wears out again and again', async () => {
  let token = 0
  const reasons: string[] = []
  const blobs = s3Blobs({ ...backend, multipartFromBytes: 1, partBytes: MIB, parallelParts: 1 })
  blobs.connect(plainProviderContext({
    auth: async (reason) => {
      reasons.push(reason)
      if (reason === 'expired') token += 1
      return { headers: { authorization: `Bearer ${token}` } }
    },
  }))
  expect(await blobs.upload(await randomTask(8 * MIB), io)).toEqual({ verified: 'sha256' })
  expect(token).toBeGreaterThan(1)
  expect(reasons.filter((reason) => reason === 'expired').length).toBe(token)
  await blobs.close()
}, 60_000)
