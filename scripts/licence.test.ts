import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { packagesIn } from './lib/packages.mjs'

const root = join(import.meta.dirname, '..')

//
it('is the MIT licence in the repository and in every package, which packing adds the text to', () => {
  const text = readFileSync(join(root, 'LICENSE'), 'utf8')
  expect(text).toMatch(/^MIT License\n\nCopyright \(c\) /)
  expect(text.replaceAll(/\s+/g, ' ')).toContain('to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute')
  const packages = packagesIn('packages')
  expect(packages.length).toBeGreaterThan(5)
  for (const { folder } of packages) expect(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')), folder).toMatchObject({ license: 'MIT' })
})
