import { describe, expect, it } from 'vitest'
import { idsIn, proofsIn } from './lib/proofs.mjs'

// The ids are put together here, so that this file does not look like a proof of them.
const id = (kind: string, number: string): string => `${kind}-${number}`
const first = id('R', '090')
const second = id('F', '36')
const proofs = (source: string): readonly { id: string; test: string }[] => proofsIn('some.test.ts', source)

describe('ids in a text', () => {
  it('finds ids of every kind', () => {
    expect(idsIn(`keeps it (${first}, ${second})`)).toEqual([first, second])
  })

  it('writes ranges out', () => {
    expect(idsIn(`${id('R', '098')} to ${id('R', '100')}`)).toEqual([id('R', '098'), id('R', '099'), id('R', '100')])
    expect(idsIn(`${id('F', '9')}..${id('F', '10')}`)).toEqual([id('F', '9'), id('F', '10')])
  })

  it('takes a leading zero of a fault away', () => {
    expect(idsIn(id('F', '05'))).toEqual([id('F', '5')])
  })

  it('refuses a range that runs backwards', () => {
    expect(() => idsIn(`${id('R', '100')} to ${id('R', '098')}`)).toThrow('Not a range')
  })

  it('takes nothing that only looks alike', () => {
    expect(idsIn('XF-36 R-09 R-0901 SHA-256')).toEqual([])
  })
})

describe('proofs in a test file', () => {
  it('reads names of tests, also of tables and templates', () => {
    const source = `it('works ${first}', f); it.each([1])(\`works ${second} \${1}\`, f)`
    expect(proofs(source)).toEqual([
      { id: first, test: `works ${first}` },
      { id: second, test: `works ${second} …` },
    ])
  })

  it('gives a comment to the test that follows', () => {
    expect(proofs(`it('a', f)\n// ${first}\n// why\nit('b', f)`)).toEqual([{ id: first, test: 'b' }])
  })

  it('gives a comment to the test on its line', () => {
    expect(proofs(`it('a', f) // ${first}\nit('b', f)`)).toEqual([{ id: first, test: 'a' }])
  })

  it('gives a comment to the innermost test around it', () => {
    expect(proofs(`describe('d', () => { it('a', () => {\n// ${first}\nf() }) })`)).toEqual([{ id: first, test: 'a' }])
  })

  it('lets a comment outside of tests speak for the file', () => {
    expect(proofs(`// ${first}\nimport f from 'f'\nit('a', f)`)).toEqual([{ id: first, test: 'the whole file' }])
  })

  it('reads cases of a shared suite', () => {
    expect(proofs(`const cases = [\n// ${first}\n{ name: 'a case', run: f }]`)).toEqual([{ id: first, test: 'a case' }])
  })

  it('takes nothing from skipped tests', () => {
    expect(proofs(`it('b', f); describe.skip('d', () => { it('a ${first}', f) }); it.todo('c ${second}')`)).toEqual([])
  })

  it('takes nothing from a file without tests', () => {
    expect(proofs(`// ${first}\nexport const x = 1`)).toEqual([])
  })
})
