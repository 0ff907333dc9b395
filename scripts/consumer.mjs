// Takes the packages as a user gets them: packed, in a folder outside of the workspace, with nothing but the dependencies they list.
// Their doors must load in Node, their types must hold, a bundler must find their workers, and the server's command must run.
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { packAll, packagesIn, tarballOf } from './lib/packages.mjs'
import { forwardSignals, root, run } from './lib/run.mjs'

/** Doors that do something when they are loaded: workers and the command. */
const isEntry = (/** @type {string} */ door) => /(worker|cli)$/.test(door)
/** Packages that belong in a page, and how many workers a bundler must find in them. */
const browserPackages = ['@bse/core', '@bse/cache-opfs', '@bse/blob-http', '@bse/blob-tus', '@bse/data-yjs', '@bse/react']
const browserWorkers = 2

forwardSignals()
const packages = packagesIn('packages')
const everything = packages.map(({ manifest }) => manifest.name)
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bse-consumer-')))
try {
  process.exitCode = (await install()) && (await checkAll()) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function checkAll() {
  const results = [findWorkers(), await loadInNode(), await checkTypes('NodeNext'), await checkTypes('Bundler'), await bundle(), await runServer()]
  return results.every(Boolean)
}

async function install() {
  if (!(await packAll())) return false
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  for (const { folder: source, manifest } of packages) {
    const target = join(folder, 'node_modules', manifest.name)
    mkdirSync(target, { recursive: true })
    if ((await run('tar', ['-xzf', tarballOf(manifest), '-C', target, '--strip-components=1'])) !== 0) return false
    link(source, Object.keys(manifest.dependencies ?? {}), target)
    link(source, Object.keys(manifest.peerDependencies ?? {}), folder)
  }
  link(join(root, 'packages', 'react'), ['@types/react'], folder)
  link(root, ['@types/node'], folder)
  return true
}

/**
 * @param {string} source a package of the workspace
 * @param {readonly string[]} names what it depends on; packages of the workspace are there already
 * @param {string} target
 */
function link(source, names, target) {
  for (const name of names.filter((found) => !found.startsWith('@bse/'))) {
    const path = join(target, 'node_modules', name)
    if (existsSync(path)) continue
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(realpathSync(join(source, 'node_modules', name)), path)
  }
}

/** @param {readonly string[]} names */
function doorsOf(names) {
  return packages
    .filter(({ manifest }) => names.includes(manifest.name))
    .flatMap(({ manifest }) => Object.keys(manifest.exports).map((door) => `${manifest.name}${door.slice(1)}`))
}

/** A worker is named by its URL only, so no bundler and no compiler misses it when it was not built. */
function findWorkers() {
  const scripts = globSync('node_modules/@bse/*/dist/**/*.js', { cwd: folder }).map((path) => join(folder, path))
  const missing = scripts.flatMap((script) => {
    const urls = [...readFileSync(script, 'utf8').matchAll(/new URL\(["'](\.[^"']+)["'],\s*import\.meta\.url\)/g)]
    return urls.map(([, url = '']) => join(dirname(script), url)).filter((worker) => !existsSync(worker))
  })
  for (const worker of missing) console.error(`A package names this worker and does not have it: ${relative(folder, worker)}`)
  return missing.length === 0
}

async function loadInNode() {
  const loads = doorsOf(everything).filter((door) => !isEntry(door)).map((door) => `await import('${door}')`)
  return runFile('load.mjs', loads.join('\n'), 'node', ['load.mjs'])
}

/** @param {'NodeNext' | 'Bundler'} moduleResolution */
async function checkTypes(moduleResolution) {
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2022', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable', 'ESNext.Disposable'],
    module: moduleResolution === 'NodeNext' ? 'NodeNext' : 'ESNext',
    moduleResolution,
    strict: true,
    noEmit: true,
    types: ['node'],
    // Types of third parties are not ours to mend.
    skipLibCheck: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['doors.ts'] }))
  const uses = doorsOf(everything).filter((door) => !isEntry(door)).map((door, n) => `import * as door${n} from '${door}'\nvoid door${n}`)
  return runFile('doors.ts', uses.join('\n'), 'tsc', ['-p', folder])
}

async function bundle() {
  const uses = doorsOf(browserPackages).filter((door) => !isEntry(door) && !door.endsWith('/testing'))
  writeFileSync(join(folder, 'page.js'), uses.map((door, n) => `import * as door${n} from '${door}'\nconsole.log(door${n})`).join('\n'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="./page.js"></script>')
  const isBuilt = (await run('vite', ['build', '--logLevel', 'warn', folder], { cwd: folder })) === 0
  const workers = globSync('dist/assets/*worker*.js', { cwd: folder }).length
  if (isBuilt && workers < browserWorkers) console.error(`The bundle has ${workers} workers, not ${browserWorkers}.`)
  return isBuilt && workers >= browserWorkers
}

async function runServer() {
  return (await run('node', [join(folder, 'node_modules', '@bse', 'server', 'dist', 'cli.js'), '--help'], { cwd: folder })) === 0
}

/**
 * @param {string} name
 * @param {string} text
 * @param {string} command
 * @param {readonly string[]} args
 */
async function runFile(name, text, command, args) {
  writeFileSync(join(folder, name), `${text}\n`)
  return (await run(command, args, { cwd: folder })) === 0
}
