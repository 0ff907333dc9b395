import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

// The tests that the guide prints are taken out of it and run: nobody starts from one that fails.
const root = join(import.meta.dirname, '..')
const folder = join(root, '.reports', 'testing-guide')
const guide = await readFile(join(root, 'docs', 'guides', 'testing-your-app.md'), 'utf8')
const files = [...guide.matchAll(/^```ts\n\/\/ (\S+\.test\.ts)\n([\s\S]*?)^```$/gm)]
if (files.length !== 2) throw new Error('the guide prints two tests')

await rm(folder, { recursive: true, force: true })
await mkdir(join(folder, 'node_modules', '@bse'), { recursive: true })
await symlink(join(root, 'packages', 'core'), join(folder, 'node_modules', '@bse', 'core'))
for (const [, name = '', code = ''] of files) {
  await writeFile(join(folder, name), code)
  await import(join(folder, name))
}
