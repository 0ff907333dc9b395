import { jsonAnswer } from './answers.ts'
import { definitionKey, type ShapeDefinition } from './definition.ts'
import { refused, Refusal } from './refusal.ts'
import { parseDefinition } from './shape-request.ts'
import type { Shape } from './shape.ts'
import type { Shapes } from './shapes.ts'

const MISMATCH =
  'The specified shape definition and handle do not match. Please ensure the shape definition is correct or omit the shape handle from the request to obtain a new one.'

/** Gives up a shape that is named by its handle, its definition or both. `define` also decides whether the caller may. */
export async function deleteShape(shapes: Shapes, query: URLSearchParams, define: (wanted: ReturnType<typeof parseDefinition>) => Promise<ShapeDefinition>): Promise<Response> {
  const shape = await shapeToDelete(shapes, query, define)
  if (shape === undefined) throw new Refusal(404, { message: 'No existing shape found' })
  await shapes.retire(shape)
  return jsonAnswer(202, '', { 'cache-control': 'no-cache', 'electric-has-data': 'true' })
}

async function shapeToDelete(shapes: Shapes, query: URLSearchParams, define: (wanted: ReturnType<typeof parseDefinition>) => Promise<ShapeDefinition>): Promise<Shape | undefined> {
  const handle = query.get('handle') ?? ''
  const wanted = parseDefinition(query)
  if (wanted.table === '') {
    if (handle === '') throw refused('handle', "can't be blank when shape definition is missing")
    return ownShape(shapes, handle, define)
  }
  const definition = await define(wanted)
  const shape = shapes.byDefinition(definition)
  if (handle !== '' && shape?.record.handle !== handle) throw new Refusal(400, { message: MISMATCH })
  return shape
}

/** A handle is a name, not a permission: its table must be the caller's to read, with nothing added. */
async function ownShape(shapes: Shapes, handle: string, define: (wanted: ReturnType<typeof parseDefinition>) => Promise<ShapeDefinition>): Promise<Shape | undefined> {
  const shape = shapes.byHandle(handle)
  if (shape === undefined) return undefined
  const { schema, table } = shape.record.definition
  const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`
  const whole = await define({ table: `${quote(schema)}.${quote(table)}`, columns: undefined, queryable: undefined, where: '', params: [], replica: 'default', log: 'full' })
  const isNarrowed = whole.where !== undefined || whole.columns !== undefined
  return isNarrowed && definitionKey(whole) !== definitionKey(shape.record.definition) ? undefined : shape
}
