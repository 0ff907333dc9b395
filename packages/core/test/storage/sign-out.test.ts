import { expect, it } from 'vitest'
import { memoryCache, memoryLocks, memoryState } from '../../src/memory/index.ts'
import { BseError, type StateStore } from '../../src/provider/index.ts'
import { mutationKey, SIGN_OUT_KEY } from '../../src/state/keys.ts'
import { tombstones } from '../../src/storage/home.ts'
import { signOut, type SignOutParts } from '../../src/storage/sign-out.ts'

const work = { begins: () => undefined, stop: async () => undefined }

/** The disk is full from the moment on at which the fence stands. */
function fullBehindTheFence(state: StateStore): StateStore {
  let isFenced = false
  return { ...state, update: async (read, decide, options) => {
    if (isFenced) throw new BseError('STORAGE_FULL', 'test: full', { neededBytes: undefined, availableBytes: undefined })
    const result = await state.update(read, decide, options)
    isFenced = (await state.get([SIGN_OUT_KEY]))[0] !== undefined
    return result
  } }
}

// F-89
it('finishes a sign-out that could not end, also when the next one would rather refuse', async () => {
  const state = memoryState()('n')
  const mutation = { v: 1, id: 'm1', seq: 1, ops: [], state: { is: 'queued' } }
  await state.update([], () => ({ ops: [{ put: mutationKey(1), value: mutation }], result: undefined }), { durability: 'strict' })
  const parts: SignOutParts = { home: state, state, suffix: '', cache: memoryCache()('n'), name: 'n', locks: memoryLocks() }
  const full = fullBehindTheFence(state)
  await expect(signOut({ ...parts, home: full, state: full }, 'keep', work)).rejects.toMatchObject({ code: 'STORAGE_FULL' })

  await signOut(parts, 'refuse', work)
  expect(await state.get([SIGN_OUT_KEY]), 'nobody is locked out').toEqual([undefined])
  expect(await tombstones(state)).toEqual([])
  expect(await state.get([mutationKey(1)]), 'what was to be kept').toEqual([mutation])
})
