import { defineConfig, type UserConfig } from 'vite'

/** The page of `large-file.spec.ts`. */
const config: UserConfig = defineConfig({
  root: 'page',
  build: { outDir: '../dist', emptyOutDir: true },
  resolve: { conditions: ['@bse/source', 'module', 'browser', 'development|production'] },
  worker: { format: 'es' },
})

export default config
