import { browserSuite } from './lib/browser-suite.ts'

await browserSuite('ingest')
