import { describe, expect, it } from 'vitest'
import { Tokens, type AuthCallback } from '../../src/auth/tokens.ts'
import type { BseError } from '../../src/errors.ts'
import type { AuthReason } from '../../src/provider/context.ts'

function tokensOf(ask: AuthCallback): { readonly tokens: Tokens; readonly changed: BseError[]; readonly failures: unknown[] } {
  const changed: BseError[] = []
  const failures: unknown[] = []
  return { tokens: new Tokens({ ask, onChanged: (error) => changed.push(error), onFailure: (error) => failures.push(error) }), changed, failures }
}

function counting(): { readonly ask: AuthCallback; readonly asked: AuthReason[] } {
  const asked: AuthReason[] = []
  return { asked, ask: async ({ reason }) => ({ userId: 'ann', headers: { authorization: `Bearer ${asked.push(reason)}` } }) }
}

describe('credentials', () => {
  it('are asked for once by all who need them first', async () => {
    const { ask, asked } = counting()
    const { tokens } = tokensOf(ask)
    const given = await Promise.all(Array.from({ length: 20 }, () => tokens.get('start')))
    expect(new Set(given.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer 1']))
    expect(asked).toEqual(['start'])
  })

  // F-46
  it('are renewed once for fifty requests that were refused, early and late', async () => {
    const { ask, asked } = counting()
    const { tokens } = tokensOf(ask)
    const old = await tokens.get('start')
    const early = await Promise.all(Array.from({ length: 25 }, () => tokens.get('expired', old)))
    const late = await Promise.all(Array.from({ length: 25 }, () => tokens.get('expired', old)))
    expect(new Set([...early, ...late].map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer 2']))
    expect(asked).toEqual(['start', 'expired'])
  })

  it('are renewed again when the renewed ones are refused', async () => {
    const { ask, asked } = counting()
    const { tokens } = tokensOf(ask)
    const second = await tokens.get('expired', await tokens.get('start'))
    expect((await tokens.get('expired', second)).headers.authorization).toBe('Bearer 3')
    expect(asked).toHaveLength(3)
  })

  it('are asked for again after the app had none', async () => {
    let isSignedIn = false
    const { tokens, failures } = tokensOf(async () => {
      if (!isSignedIn) throw new Error('nobody')
      return { userId: 'ann', headers: {} }
    })
    await expect(tokens.get('start')).rejects.toThrow('nobody')
    isSignedIn = true
    expect(await tokens.get('start')).toMatchObject({ headers: {} })
    expect(failures).toHaveLength(1)
  })

  it.each([undefined, {}, { userId: '', headers: {} }, { userId: 'ann' }, { userId: 7, headers: {} }])('are not %j', async (answer) => {
    const { tokens } = tokensOf(async () => answer as never)
    await expect(tokens.get('start')).rejects.toMatchObject({ code: 'CONFIG_INVALID', details: { option: 'auth' } })
  })

  // F-89
  it('of somebody else are given to nobody, from then on', async () => {
    let userId = 'ann'
    const { tokens, changed } = tokensOf(async () => ({ userId, headers: {} }))
    tokens.bind(await tokens.principal())
    userId = 'bob'
    await expect(tokens.get('expired')).rejects.toMatchObject({ code: 'PRINCIPAL_CHANGED' })
    userId = 'ann'
    await expect(tokens.get('start')).rejects.toMatchObject({ code: 'PRINCIPAL_CHANGED' })
    expect(changed).toHaveLength(1)
  })
})
