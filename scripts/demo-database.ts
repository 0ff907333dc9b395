// `demo-database.ts PLACE`: makes the demo's tables where they are missing. PLACE is a postgres:// URL, or the directory of an embedded database.
import { readFile } from 'node:fs/promises'
import { openShapeDatabase } from '../packages/server/src/shapes/index.ts'

const [, , place] = process.argv
if (place === undefined) throw new Error('which database?')
const sql = await readFile(new URL('../examples/family-photos/tables.sql', import.meta.url), 'utf8')
const database = await openShapeDatabase(place)
for (const statement of sql.split(';').filter((text) => text.trim() !== '')) await database.query(statement)
await database.close()
