import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

// The files that the guide prints are taken out of it and run: the adapter is held to the suite, so nobody starts from one that fails.
const root = join(import.meta.dirname, '..')
const folder = join(root, '.reports', 'adapter-guide')
const guide = await readFile(join(root, 'docs', 'guides', 'writing-an-adapter.md'), 'utf8')
const files = new Map([...guide.matchAll(/^```ts\n\/\/ (\S+\.ts)\n([\s\S]*?)^```$/gm)].map(([, name = '', code = '']) => [name, code]))

await rm(folder, { recursive: true, force: true })
await mkdir(join(folder, 'node_modules', '@bse'), { recursive: true })
await symlink(join(root, 'packages', 'core'), join(folder, 'node_modules', '@bse', 'core'))
for (const [name, code] of files) await writeFile(join(folder, name), code)
for (const name of files.keys()) if (name.endsWith('.test.ts')) await import(join(folder, name))

describe('the guide for adapters', () => {
  it('prints an adapter of at most sixty lines', () => {
    const lines = (files.get('map-cache.ts') ?? '').split('\n').length
    expect(lines).toBeGreaterThan(40)
    expect(lines).toBeLessThanOrEqual(60)
  })

  it('prints the tests that are run here', () => {
    expect([...files.keys()].filter((name) => name.endsWith('.test.ts'))).toEqual(['conformance.test.ts', 'known-gap.test.ts', 'broken.test.ts', 'state.test.ts'])
  })
})
