import { expect, it } from 'vitest'
import { opfsCache } from '../src/index.ts'

it('is imported and configured where there is no browser', () => {
  expect(opfsCache()('photos').name).toBe('opfs')
})

it.each(['', 'a/b', 'grün', 'x'.repeat(101)])('refuses the namespace "%s"', (namespace) => {
  expect(() => opfsCache()(namespace)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})
