import { pgliteTest } from './support/electric-host.ts'
import { suiteOn } from './support/suite-on.ts'

suiteOn('electric on PGlite', pgliteTest)
