import { expect, it } from 'vitest'
import { createSignOutHandler } from '../src/index.ts'
import { testServer } from './support/test-server.ts'

it('has the browser clear what its own pages stored, on a POST', async () => {
  const { url } = await testServer()
  const answer = await fetch(`${url}/sign-out`, { method: 'POST', headers: { origin: url } })
  expect([answer.status, answer.headers.get('clear-site-data'), answer.headers.get('cache-control')]).toEqual([204, '"storage"', 'no-store'])
})

it.each([
  ['GET', undefined, 405],
  ['POST', 'https://evil.example', 403],
  ['POST', 'null', 403],
])('clears nothing on a %s from %s', async (method, origin, status) => {
  const answer = await createSignOutHandler()(new Request('https://photos.example/sign-out', { method, headers: origin === undefined ? {} : { origin } }))
  expect([answer.status, answer.headers.get('clear-site-data')]).toEqual([status, null])
})
