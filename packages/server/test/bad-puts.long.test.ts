import { expect, it } from 'vitest'
import { badPut, storedFiles } from './support/bad-puts.ts'
import { testServer } from './support/test-server.ts'

const COUNT = 10_000
const AT_ONCE = 16

// F-63
it('stores nothing of 10,000 uploads whose bytes are not those of their hashes', async () => {
  const server = await testServer()
  let refused = 0
  for (let from = 0; from < COUNT; from += AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => badPut(server, from + index)))
    refused += answers.filter(({ status }) => status === 422 || status === 460).length
  }
  expect(refused).toBe(COUNT)
  expect(await storedFiles(server)).toEqual([])
})
