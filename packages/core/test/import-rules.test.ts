import { globSync, readFileSync } from 'node:fs'
import { join, posix, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { factsOf } from './import-rules/imports-of.ts'
import { coreRooms } from './import-rules/tables.ts'
import { violations, type WorkspaceFiles } from './import-rules/violations.ts'

const packages = fileURLToPath(new URL('../..', import.meta.url))

/** A workspace in memory. */
function workspace(sources: Record<string, string>): WorkspaceFiles {
  return { sources: new Map(Object.entries(sources)), dependencies: new Map([['core', ['effect', 'idb']]]) }
}

function realWorkspace(): WorkspaceFiles {
  const sources = new Map<string, string>()
  for (const found of globSync('*/{src,test}/**/*.{ts,tsx}', { cwd: packages })) {
    if (!found.includes('node_modules')) sources.set(found.split(sep).join('/'), readFileSync(join(packages, found), 'utf8'))
  }
  const manifests = globSync('*/package.json', { cwd: packages }).map((path) => [path.split(sep)[0] ?? '', listedIn(join(packages, path))] as const)
  return { sources, dependencies: new Map(manifests) }
}

function listedIn(manifestPath: string): string[] {
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = JSON.parse(readFileSync(manifestPath, 'utf8')) as Record<string, Record<string, string>>
  return Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
}

function usesRoom(path: string, source: string, room: string): boolean {
  return factsOf(path, source).imports.some(({ specifier }) => posix.join(posix.dirname(path), specifier).startsWith(`core/src/${room}/`))
}

describe('import rules', () => {
  it('hold in every package', () => {
    const real = realWorkspace()
    expect(real.sources.size).toBeGreaterThan(50)
    expect(violations(real)).toEqual([])
  })

  // R-160 R-161 R-162
  it.each([
    ['schema', ['schema/index.ts', 'schema/mime.ts']],
    ['mutation', ['mutation/enqueue.ts', 'mutation/order.ts', 'mutation/overlay.ts', 'mutation/row-chain.ts']],
    ['subscription', ['subscription/index.ts']],
  ])('let the %s room be taken out: its tests run it without an engine', (room, parts) => {
    const { sources } = realWorkspace()
    const tests = [...sources].filter(([path]) => path.startsWith(`core/test/${room}/`) && path.endsWith('.test.ts'))
    const imported = tests.map(([path, source]) => factsOf(path, source).imports.map(({ specifier }) => posix.join(posix.dirname(path), specifier)))
    const alone = imported.filter((paths) => !paths.some((path) => path === 'core/src/index.ts' || path === 'core/src/engine.ts')).flat()
    expect(alone).toEqual(expect.arrayContaining(parts.map((part) => `core/src/${part}`)))
    const users = [...sources].filter(([path, source]) => path.startsWith('core/src/') && usesRoom(path, source, room)).map(([path]) => path.split('/')[2])
    // Files at the top of core put the rooms together.
    const rooms = new Set(users.filter((user) => user?.endsWith('.ts') === false && user !== room))
    expect([...rooms].filter((user) => coreRooms.get(user ?? '')?.includes(room) !== true)).toEqual([])
  })

  it('accept what the tables allow', () => {
    const fine = workspace({
      'core/src/cache/manager.ts': "import * as Effect from 'effect/Effect'; import { a } from '../ledger/a.ts'; import { BseError } from '../errors.ts'",
      'core/src/engine.ts': "import { b } from './cache/manager.ts'; export const c = () => import('./memory/index.ts')",
      'core/src/errors.ts': "import type { BlobHash } from './wire/blob-hash.ts'",
      'core/src/wire/error-wire.ts': "import { BseError } from '../errors.ts'",
      'core/test/a.test.ts': "import 'node:fs'; import { b } from '../src/cache/manager.ts'",
      'cache-fs/src/index.ts': "import 'node:fs'; import { CacheStore } from '@bse/core/provider'",
      'cache-fs/test/a.test.ts': "import '@bse/core/testing'; import 'vitest'; import { b } from '../../../scripts/testing/b.ts'",
    })
    expect(violations(fine)).toEqual([])
  })

  it.each([
    ['a folder that the table forbids', { 'core/src/ledger/a.ts': "import { b } from '../cache/b.ts'" }, 'ledger may not import cache'],
    ['a type of a forbidden folder', { 'core/src/state/a.ts': "import type { B } from '../store/b.ts'" }, 'state may not import store'],
    ['a type written in place', { 'core/src/state/a.ts': "export type B = import('../store/b.ts').B" }, 'state may not import store'],
    ['an unknown folder', { 'core/src/helpers/a.ts': "import { b } from '../cache/b.ts'" }, 'no folder that the table knows'],
    ['anything in internal', { 'core/src/internal/a.ts': "import { b } from '../errors.ts'" }, 'internal may not import wire'],
    ['Node in core', { 'core/src/hash/a.ts': "import { b } from 'node:fs'" }, 'must run without Node'],
    ['Node without its prefix', { 'core/src/hash/a.ts': "import { b } from 'fs'" }, 'must run without Node'],
    ['Effect where it is not wanted', { 'core/src/store/a.ts': "import * as Effect from 'effect/Effect'" }, 'store is free of Effect'],
    ['the barrel of Effect', { 'core/src/cache/a.ts': "import { Effect } from 'effect'" }, 'the barrel'],
    ['tests in the engine', { 'core/src/engine.ts': "import { b } from './testing/index.ts'" }, 'which is for tests'],
    ['memory at once', { 'core/src/engine.ts': "import { b } from './memory/index.ts'" }, 'only load when needed'],
    ['the root of core in an adapter', { 'blob-http/src/a.ts': "import { b } from '@bse/core'" }, 'not one of its doors'],
    ['one adapter in another', { 'cache-idb/src/a.ts': "import { b } from '@bse/cache-opfs'" }, 'not one of its doors'],
    ['the suites outside of tests', { 'cache-fs/src/a.ts': "import { b } from '@bse/core/testing'" }, 'not one of its doors'],
    ['a package that is not listed', { 'core/src/hash/a.ts': "import { b } from 'lodash/get'" }, 'package.json does not list'],
    ['another package by its path', { 'react/src/a.ts': "import { b } from '../../core/src/index.ts'" }, 'outside of react/src/'],
    ['a default export', { 'core/src/hash/a.ts': 'export default 1' }, 'default export'],
    ['a default export by name', { 'core/src/hash/a.ts': 'const a = 1; export { a as default }' }, 'default export'],
    ['a star export', { 'core/src/hash/a.ts': "export * from './b.ts'" }, 'export *'],
  ])('refuse %s', (_, sources, why) => {
    expect(violations(workspace(sources as Record<string, string>))).toEqual([expect.stringContaining(why)])
  })

  it('refuse a cycle between folders', () => {
    const cycle = { 'core/src/wire/a.ts': "import type { B } from '../model/b.ts'", 'core/src/model/b.ts': "import type { A } from '../wire/a.ts'" }
    const found = violations(workspace(cycle))
    expect(found).toEqual(['core/src/wire: imports itself through other folders', 'core/src/model: imports itself through other folders'])
  })
})
