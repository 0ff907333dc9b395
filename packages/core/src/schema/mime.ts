/** Characters of a type or subtype (RFC 6838), as a fixed set: no pattern of a user becomes a regular expression. */
const TOKEN = /^[a-z0-9!#$&^_.+-]+$/

/** `image/*`, `*` + `/*`, or an exact type, in any case. */
export function isMimePattern(pattern: string): boolean {
  const parts = split(pattern)
  if (parts === undefined) return false
  const [type, subtype] = parts
  return type === '*' ? subtype === '*' : TOKEN.test(type) && (subtype === '*' || TOKEN.test(subtype))
}

/**
 * Whether one of the patterns allows `type`. Case and parameters (`; charset=utf-8`) do not count. An empty or malformed
 * type matches nothing but `*` + `/*`. Takes one pass over the texts.
 */
export function matchesMimeType(patterns: readonly string[], type: string): boolean {
  const actual = split(type)
  return patterns.some((pattern) => {
    const wanted = split(pattern)
    if (wanted === undefined) return false
    if (wanted[0] === '*') return wanted[1] === '*'
    return actual !== undefined && wanted[0] === actual[0] && (wanted[1] === '*' || wanted[1] === actual[1])
  })
}

function split(text: string): readonly [type: string, subtype: string] | undefined {
  const semicolon = text.indexOf(';')
  const essence = (semicolon < 0 ? text : text.slice(0, semicolon)).trim().toLowerCase()
  const slash = essence.indexOf('/')
  if (slash <= 0 || slash === essence.length - 1 || essence.includes('/', slash + 1)) return undefined
  return [essence.slice(0, slash), essence.slice(slash + 1)]
}
