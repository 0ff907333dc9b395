// Takes the packages as a user gets them: packed, in a folder outside of the workspace, with nothing but the dependencies they list.
// Their doors must load in Node, their types must hold, a bundler must find their workers, the server's command must run, and apps made
// of them must work in a browser. `--no-browser` leaves the last out.
import { existsSync, globSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { checkApps } from './lib/consumer-apps.mjs'
import { installPacked, packages } from './lib/consumer-folder.mjs'
import { packAll } from './lib/packages.mjs'
import { forwardSignals, run } from './lib/run.mjs'

/** Doors that do something when they are loaded: workers and the command. */
const isEntry = (/** @type {string} */ door) => /(worker|cli)$/.test(door)
/** Packages that belong in a page, and how many workers a bundler must find in them. */
const browserPackages = ['blob-sync-engine', '@bse/core', '@bse/cache-opfs', '@bse/blob-http', '@bse/blob-r2', '@bse/blob-s3', '@bse/blob-tus', '@bse/data-electric', '@bse/data-yjs', '@bse/react']
const browserWorkers = 2

forwardSignals()
const everything = packages.map(({ manifest }) => manifest.name)
const parent = realpathSync(mkdtempSync(join(tmpdir(), 'bse-consumer-')))
const folder = join(parent, 'doors')
try {
  process.exitCode = (await packAll()) && (await installPacked(folder)) && (await checkAll()) ? 0 : 1
} finally {
  rmSync(parent, { recursive: true, force: true })
}

async function checkAll() {
  const results = [findWorkers(), await loadInNode(), await checkTypes('NodeNext'), await checkTypes('Bundler'), await bundle(), await runServer()]
  if (!process.argv.includes('--no-browser')) results.push(await checkApps(parent))
  return results.every(Boolean)
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
