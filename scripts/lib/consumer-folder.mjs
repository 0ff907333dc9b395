// The packages as a user gets them: packed, and with nothing but the dependencies they list.
import { existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { packagesIn, tarballOf } from './packages.mjs'
import { root, run } from './run.mjs'

export const packages = packagesIn('packages')

/**
 * What an install by a package manager leaves, from the tarballs that `packAll` made. Libraries of others are linked to where the
 * workspace has them.
 *
 * @param {string} folder outside of the workspace; made when missing
 * @returns {Promise<boolean>} whether every package could be unpacked
 */
export async function installPacked(folder) {
  mkdirSync(folder, { recursive: true })
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
export function link(source, names, target) {
  for (const name of names.filter((found) => !found.startsWith('@bse/'))) {
    const path = join(target, 'node_modules', name)
    if (existsSync(path)) continue
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(realpathSync(join(source, 'node_modules', name)), path)
  }
}
