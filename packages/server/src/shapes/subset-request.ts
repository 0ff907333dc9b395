import { numberedParams } from './numbered-params.ts'
import { refused } from './refusal.ts'

/** A part of a shape's rows as they are now, besides its log. */
export interface SubsetRequest {
  readonly where: string
  readonly params: readonly string[]
  readonly orderBy: string | undefined
  readonly limit: number | undefined
  readonly offset: number | undefined
}

const FIELDS = ['where', 'params', 'order_by', 'limit', 'offset', 'where_expr']

/** `undefined` when none of its fields is there. */
export function parseSubset(fields: Readonly<Record<string, unknown>>, isText: boolean): SubsetRequest | undefined {
  if (!FIELDS.some((name) => fields[name] !== undefined)) return undefined
  const params = paramsOf(fields['params'], isText)
  const limit = integer(fields['limit'], 'limit')
  const offset = integer(fields['offset'], 'offset')
  const orderBy = fields['order_by'] === undefined || fields['order_by'] === '' ? undefined : text(fields['order_by'], 'order_by')
  if (limit !== undefined && limit <= 0) throw refused('limit', 'must be greater than 0')
  if (offset !== undefined && offset < 0) throw refused('offset', 'must be greater than or equal to 0')
  if (orderBy === undefined && (limit !== undefined || offset !== undefined)) throw refused('order_by', 'order_by is required when limit or offset is present')
  return { where: fields['where'] === undefined ? '' : text(fields['where'], 'where'), params, orderBy, limit, offset }
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string') throw refused(field, 'is invalid')
  return value
}

function integer(value: unknown, field: string): number | undefined {
  if (value === undefined || value === null) return undefined
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw refused(field, 'is invalid')
  return number
}

function paramsOf(value: unknown, isText: boolean): readonly string[] {
  if (value === undefined) return []
  const params = isText ? parsed(String(value)) : value
  if (typeof params !== 'object' || params === null || Array.isArray(params)) throw refused('params', 'is invalid')
  return numberedParams(Object.entries(params).map(([key, one]) => [key, typeof one === 'string' ? one : JSON.stringify(one)]))
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw refused('params', 'params must be valid JSON')
  }
}
