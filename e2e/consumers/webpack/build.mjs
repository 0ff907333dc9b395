// `webpack --mode production`, without the package that has the command.
import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import webpack from 'webpack'

const context = import.meta.dirname
const path = join(context, 'dist')
mkdirSync(path)
copyFileSync(join(context, 'index.html'), join(path, 'index.html'))
// Vite and Next minify; here it would take as long as all the rest.
const optimization = { minimize: false }
webpack({ mode: 'production', context, entry: './main.js', output: { path, publicPath: '/' }, optimization, performance: false }, (error, stats) => {
  if (error !== null) throw error
  if (stats.hasErrors() || stats.hasWarnings()) {
    console.error(stats.toString({ preset: 'errors-warnings' }))
    process.exitCode = 1
  }
})
