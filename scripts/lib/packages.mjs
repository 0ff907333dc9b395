// The publishable packages of the workspace, and their tarballs as a user would get them.
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './run.mjs'

const packFolder = join(root, '.reports', 'packed')

/**
 * @typedef {{
 *   name: string, version: string, private?: boolean, exports: Record<string, unknown>,
 *   dependencies?: Record<string, string>, peerDependencies?: Record<string, string>,
 *   devDependencies?: Record<string, string>, optionalDependencies?: Record<string, string>,
 * }} Manifest
 * @typedef {{ folder: string, manifest: Manifest }} WorkspacePackage
 */

/**
 * @param {string} folder
 * @returns {Manifest}
 */
export function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/**
 * @param {string} parent a folder of the workspace, for example `packages`
 * @returns {WorkspacePackage[]}
 */
export function packagesIn(parent) {
  const folders = readdirSync(join(root, parent)).sort().map((name) => join(root, parent, name))
  return folders.map((folder) => ({ folder, manifest: readManifest(folder) }))
}

/**
 * Packs every public package, with the `exports` and versions that publishing writes.
 *
 * @returns {Promise<boolean>} whether all could be packed
 */
export async function packAll() {
  rmSync(packFolder, { recursive: true, force: true })
  mkdirSync(packFolder, { recursive: true })
  const status = await run('pnpm', ['--filter', './packages/*', 'exec', 'pnpm', 'pack', '--pack-destination', packFolder], { quiet: true })
  return status === 0
}

/**
 * @param {Manifest} manifest
 * @returns {string} the path that `packAll` gave its tarball
 */
export function tarballOf({ name, version }) {
  return join(packFolder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)
}
