// pnpm only warns when its automatic install fails, and then runs the script all the same. This tells.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packagesIn, readManifest } from './packages.mjs'
import { root } from './run.mjs'

/** @returns {string[]} what package.json files ask for and node_modules lacks, as `package -> dependency` */
export function missingDependencies() {
  const e2e = join(root, 'e2e')
  const projects = [
    { folder: root, manifest: readManifest(root) },
    ...packagesIn('packages'),
    ...packagesIn('examples'),
    { folder: e2e, manifest: readManifest(e2e) },
  ]
  return projects.flatMap(({ folder, manifest }) =>
    Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
      .filter((name) => !existsSync(join(folder, 'node_modules', name, 'package.json')))
      .map((name) => `${manifest.name} -> ${name}`),
  )
}

/** What Node must be able to do here: run TypeScript sources by stripping their types, without a flag. */
export const oldestNode = /** @type {const} */ ([22, 18])

/**
 * @param {string} version for example `24.21.0`
 * @returns {boolean}
 */
export function isNodeRecent(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
}
