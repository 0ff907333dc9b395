import { posix } from 'node:path'
import { isBuiltin } from 'node:module'
import { factsOf, type Import, type ModuleFacts } from './imports-of.ts'
import { coreRooms, effectRooms, openRooms, packageRules, type PackageRule } from './tables.ts'

export interface WorkspaceFiles {
  /** Path from the folder of packages, for example `core/src/engine.ts`, to its source. */
  readonly sources: ReadonlyMap<string, string>
  /** Folder name of a package to the packages that its package.json gives to users of it. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>
}

interface Module extends ModuleFacts {
  readonly path: string
  readonly packageFolder: string
  /** `src` or `test`; files beside them are configuration. */
  readonly part: string
}

/** Every broken rule as one sentence that begins with the file; empty when all is well. */
export function violations(files: WorkspaceFiles): readonly string[] {
  const modules = [...files.sources].map(([path, source]) => moduleOf(path, source))
  const inCore = modules.filter(({ packageFolder, part }) => packageFolder === 'core' && part === 'src')
  return [
    ...modules.filter(({ part }) => part === 'src').flatMap(exportViolations),
    ...modules.flatMap((module) => module.imports.flatMap((found) => packageViolations(module, found, files.dependencies))),
    ...inCore.flatMap((module) => module.imports.flatMap((found) => roomViolations(module, found))),
    ...cycles(inCore),
  ]
}

/** What finds Chromium, starts real servers, and traces processes. */
const SHARED_BY_TESTS = ['../scripts/browsers.mjs', '../scripts/services/', '../scripts/testing/']

function moduleOf(path: string, source: string): Module {
  const [packageFolder = '', part = ''] = path.split('/')
  return { path, packageFolder, part, ...factsOf(path, source) }
}

function exportViolations({ path, hasDefaultExport, hasStarExport }: Module): readonly string[] {
  return [...(hasDefaultExport ? [`${path}: has a default export`] : []), ...(hasStarExport ? [`${path}: has an export *`] : [])]
}

function packageViolations({ path, packageFolder, part }: Module, { specifier }: Import, all: WorkspaceFiles['dependencies']): readonly string[] {
  const rule = ruleOf(packageFolder)
  const refuse = (why: string): readonly string[] => [`${path}: imports ${specifier}, ${why}`]
  if (specifier.startsWith('.')) {
    const inside = `${packageFolder}/${part === 'src' ? 'src/' : ''}`
    const target = resolved(path, specifier)
    const isShared = part !== 'src' && SHARED_BY_TESTS.some((shared) => target.startsWith(shared))
    return isShared || target.startsWith(inside) ? [] : refuse(`which is outside of ${inside}`)
  }
  if (isBuiltin(specifier)) return part !== 'src' || rule.node ? [] : refuse('but must run without Node')
  if (specifier.startsWith('@bse/')) {
    const mine = `@bse/${packageFolder}`
    if (part !== 'src' && (specifier === mine || specifier.startsWith(`${mine}/`))) return []
    const allowed = part === 'src' ? rule.src : [...rule.src, ...rule.test]
    return allowed.includes('@bse/*') || allowed.includes(specifier) ? [] : refuse('which is not one of its doors')
  }
  if (specifier === 'effect') return refuse('the barrel, instead of the module that is needed')
  if (part !== 'src') return []
  return all.get(packageFolder)?.includes(packageNameOf(specifier)) ? [] : refuse('which its package.json does not list')
}

function roomViolations({ path }: Module, { specifier, dynamic }: Import): readonly string[] {
  const from = roomOf(path)
  const refuse = (why: string): readonly string[] => [`${path}: imports ${specifier}, ${why}`]
  if (specifier.startsWith('effect/')) return from === 'top' || effectRooms.includes(from) ? [] : refuse(`but ${from} is free of Effect`)
  if (!specifier.startsWith('.')) return []
  const target = resolved(path, specifier)
  const to = roomOf(target)
  if (from === to) return []
  if (from === 'top') {
    if (to === 'testing') return refuse('which is for tests')
    return to === 'memory' && !dynamic ? refuse('which it may only load when needed') : []
  }
  if (openRooms.includes(to) && from !== 'internal') return []
  const allowed = coreRooms.get(from)
  if (allowed === undefined) return refuse(`but ${from} is no folder that the table knows`)
  return allowed.includes(to) || allowed.includes(posix.basename(target)) ? [] : refuse(`but ${from} may not import ${to}`)
}

/** `errors.ts` belongs to `wire`: it names hashes, and errors cross processes. Files at the top are one room. */
function roomOf(path: string): string {
  const [, , folder = '', ...rest] = path.split('/')
  if (folder === 'errors.ts') return 'wire'
  return rest.length === 0 ? 'top' : folder
}

function cycles(modules: readonly Module[]): readonly string[] {
  const edges = new Map<string, Set<string>>()
  for (const { path, imports } of modules) {
    for (const { specifier, dynamic } of imports) {
      if (!specifier.startsWith('.') || dynamic) continue
      const [from, to] = [roomOf(path), roomOf(resolved(path, specifier))]
      if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to))
    }
  }
  return [...edges.keys()].filter((room) => reaches(room, room, edges, new Set())).map((room) => `core/src/${room}: imports itself through other folders`)
}

function reaches(from: string, goal: string, edges: ReadonlyMap<string, ReadonlySet<string>>, seen: Set<string>): boolean {
  return [...(edges.get(from) ?? [])].some((next) => {
    if (next === goal) return true
    if (seen.has(next)) return false
    seen.add(next)
    return reaches(next, goal, edges, seen)
  })
}

function ruleOf(packageFolder: string): PackageRule {
  const rule = packageRules.find(([prefix]) => (prefix.endsWith('-') ? packageFolder.startsWith(prefix) : packageFolder === prefix))
  if (rule === undefined) throw new Error(`packages/${packageFolder} has no rule in tables.ts`)
  return rule[1]
}

function resolved(path: string, specifier: string): string {
  return posix.join(posix.dirname(path), specifier)
}

function packageNameOf(specifier: string): string {
  return specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}
