import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { isMimePattern } from '../../src/schema/mime.ts'
import { matchesMimeType } from '../../src/schema/index.ts'

describe('matchesMimeType', () => {
  // E-045
  it.each([
    [['image/*', 'application/pdf'], 'image/png', true],
    [['image/*', 'application/pdf'], 'application/pdf', true],
    [['image/*', 'application/pdf'], 'application/zip', false],
    [['image/*'], 'IMAGE/PNG', true],
    [['Image/Png'], 'image/png', true],
    [['text/plain'], 'text/plain; charset=utf-8', true],
    [['text/plain;charset=utf-8'], 'text/plain', true],
    [['image/svg+xml'], 'image/svg+xml', true],
    [['image/svg.xml'], 'image/svg+xml', false],
    [['image/.*'], 'image/png', false],
    [['image/*'], 'imagex/png', false],
    [['image/*'], 'image/', false],
    [['image/*'], 'image', false],
    [['image/*'], '', false],
    [['image/*'], 'image/png/x', false],
    [['*/*'], 'video/mp4', true],
    [['*/*'], '', true],
    [[], 'image/png', false],
  ])('of %j and %s is %s', (patterns, type, matches) => {
    expect(matchesMimeType(patterns, type)).toBe(matches)
  })

  it('matches every type with itself and its family', () => {
    const token = fc.stringMatching(/^[a-z0-9!#$&^_.+-]{1,20}$/)
    fc.assert(
      fc.property(token, token, token, (type, subtype, other) => {
        expect(isMimePattern(`${type}/${subtype}`)).toBe(true)
        expect(matchesMimeType([`${type}/${subtype}`], `${type}/${subtype}`)).toBe(true)
        expect(matchesMimeType([`${type}/*`], `${type}/${subtype}`)).toBe(true)
        expect(matchesMimeType([`${type}/${other}`], `${type}/${subtype}`)).toBe(other === subtype)
      }),
    )
  })

  it('makes no regular expression of what users write', () => {
    // F-88
    const construct = vi.spyOn(globalThis, 'RegExp')
    const hostile = ['(a+)+$', 'image/(.*)*', '[', 'a/'.repeat(50), `${'a'.repeat(50)}!`]
    for (const pattern of hostile) matchesMimeType([pattern], `${'a'.repeat(50)}/b`)
    expect(construct).not.toHaveBeenCalled()
    construct.mockRestore()
  })

  it('reads each character of a hostile text a few times only', () => {
    // F-88: quadratic work on four million characters would outlast the test's time limit many times over.
    const long = 'a'.repeat(4_000_000)
    for (const text of [`${long}/${long}`, '/'.repeat(4_000_000), `image/${' '.repeat(4_000_000)}x`, ';'.repeat(4_000_000)]) {
      expect(matchesMimeType([`x${text}`, text], `y${text}`)).toBe(false)
      isMimePattern(text)
    }
  })
})
