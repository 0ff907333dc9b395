import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))
const root = join(here, '../../../..')
const names = ['right', 'wrong-use', 'wrong-schema'] as const

let directory = ''
let output = ''

/** The compiler runs once, outside of the checkout: these files are wrong on purpose. */
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bse-compile-'))
  const imports = [
    `import { and, createSyncEngine, not, or, useRows } from '${join(here, 'engine-shape.ts')}'`,
    `import type { BlobRef } from '${join(here, '../../src/wire/blob-ref.ts')}'`,
    `import type { StandardSchemaV1 as Standard } from '${join(here, '../../node_modules/@standard-schema/spec/dist/index.d.ts')}'`,
  ].join('; ')
  for (const name of names) {
    const source = await readFile(join(here, 'fixtures', `${name}.txt`), 'utf8')
    // On the first line, so that line numbers stay what they are in the fixture.
    await writeFile(join(directory, `${name}.ts`), `${imports}; void createSyncEngine; void useRows; void [and, not, or]; export type R = BlobRef; export type C<I, O> = Standard<I, O> ${source}`)
  }
  const compilerOptions = { types: [], isolatedDeclarations: false, declaration: false, rewriteRelativeImportExtensions: false }
  const config = { extends: join(root, 'tsconfig.base.json'), compilerOptions, files: names.map((name) => `${name}.ts`) }
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(config))
  output = await compile(directory)
}, 120_000)

afterAll(() => rm(directory, { recursive: true }))

//
it.each(names)('reports exactly the marked lines of %s', async (name) => {
  const source = await readFile(join(here, 'fixtures', `${name}.txt`), 'utf8')
  const marked = source.split('\n').flatMap((line, at) => (line.endsWith('// error') ? [at + 1] : []))
  const reported = [...output.matchAll(new RegExp(String.raw`^${name}\.ts\((\d+),\d+\): error TS`, 'gm'))].map((match) => Number(match[1]))
  expect([...new Set(reported)], output).toEqual(marked)
})

it('says why a table name cannot be used', () => {
  expect(output).toContain('"A table cannot be called cache: the engine has a member of this name"')
})

it('reports nothing outside of the fixtures', () => {
  const others = output.split('\n').filter((line) => / error TS\d/.test(line) && !names.some((name) => line.startsWith(`${name}.ts(`)))
  expect(others).toEqual([])
})

function compile(project: string): Promise<string> {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [tsc, '-p', project, '--pretty', 'false'], { cwd: project, maxBuffer: 1 << 24 }, (error, stdout, stderr) => {
      // Exit codes 1 and 2 mean that errors were found.
      if (error === null || error.code === 1 || error.code === 2) resolve(stdout)
      else reject(new Error(`tsc failed: ${stderr}`, { cause: error }))
    })
  })
}
