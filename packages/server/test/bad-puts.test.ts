import { expect, it } from 'vitest'
import { badPut, storedFiles } from './support/bad-puts.ts'
import { testServer } from './support/test-server.ts'

const COUNT = 200
const AT_ONCE = 8

// F-63
it('stores nothing of 200 uploads whose bytes are not those of their hashes', async () => {
  const server = await testServer()
  const statuses = new Set<number>()
  for (let from = 0; from < COUNT; from += AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => badPut(server, from + index)))
    for (const { status } of answers) statuses.add(status)
  }
  expect(statuses).toEqual(new Set([422, 460]))
  expect(await storedFiles(server)).toEqual([])
})
