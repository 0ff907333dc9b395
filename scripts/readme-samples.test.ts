import { execFile } from 'node:child_process'
import { glob, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const folder = join(root, '.reports', 'samples')
const pages = ['README.md', 'packages/*/README.md', 'examples/*/README.md', 'docs/guides/*.md']

interface Sample {
  readonly page: string
  readonly language: string
  readonly code: string
}

/** Fenced `ts` and `tsx` blocks. One that begins with `// name.ts` is that file, and others of its page may import it. */
function samplesOf(page: string, text: string): readonly Sample[] {
  return [...text.matchAll(/^```(tsx?)\n([\s\S]*?)^```$/gm)].map((match) => ({ page, language: match[1] ?? '', code: match[2] ?? '' }))
}

async function allSamples(): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  for await (const page of glob(pages, { cwd: root })) samples.push(...samplesOf(page, await readFile(join(root, page), 'utf8')))
  return samples
}

/** What a reader of any page has installed: our packages, and the libraries that the samples name. */
async function linkPackages(): Promise<void> {
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, '@bse'), { recursive: true })
  for (const name of await readdir(join(root, 'packages'))) await symlink(join(root, 'packages', name), join(modules, '@bse', name))
  await symlink(join(root, 'packages', 'bse'), join(modules, 'blob-sync-engine'))
  const example = join(root, 'examples', 'family-photos', 'node_modules')
  for (const name of ['@hocuspocus', '@types', 'react', 'yjs']) await symlink(join(example, name), join(modules, name))
}

async function compile(samples: readonly Sample[]): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await linkPackages()
  const config = { extends: '../../tsconfig.base.json', compilerOptions: { isolatedDeclarations: false, noUnusedLocals: false, noUnusedParameters: false, types: [] }, include: ['.'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  for (const [index, { page, language, code }] of samples.entries()) {
    const name = /^\/\/ ([\w-]+\.tsx?)\n/.exec(code)?.[1] ?? `sample-${index}.${language}`
    const own = join(folder, page.replaceAll(/\W/g, '_'))
    await mkdir(own, { recursive: true })
    await writeFile(join(own, name), `${code}\nexport {}\n`)
  }
  try {
    await promisify(execFile)('tsc', ['-p', folder], { cwd: root })
    return ''
  } catch (error) {
    return (error as { readonly stdout: string }).stdout
  }
}

it('compiles every sample of every README', async () => {
  const samples = await allSamples()
  expect(new Set(samples.map(({ page }) => page))).toContain('README.md')
  expect(await compile(samples)).toBe('')
}, 60_000)

it('notices a sample that does not compile', async () => {
  expect(await compile([{ page: 'x.md', language: 'ts', code: 'const a: string = 1' }])).toContain('TS2322')
}, 60_000)
