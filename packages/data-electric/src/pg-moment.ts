const MOMENT = /^(\d{4,6})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?)?)?$/

/**
 * A Postgres `timestamptz`, `timestamp` (taken as UTC) or `date` (its midnight in UTC) as ISO 8601 in UTC, to the millisecond. `undefined` for what
 * no such text can say: infinity, and years before Christ.
 */
export function parseMoment(text: string): string | undefined {
  const [, year, month, day, hour, minute, second, fraction = '', sign, ...zone] = MOMENT.exec(text) ?? []
  if (year === undefined) return undefined
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3))
  const [zoneHours = 0, zoneMinutes = 0, zoneSeconds = 0] = zone.map((part: string | undefined) => Number(part ?? 0))
  const offsetMs = (sign === '-' ? -1 : 1) * ((zoneHours * 60 + zoneMinutes) * 60 + zoneSeconds) * 1000
  const date = new Date(0)
  // `Date.UTC` would take the year 44 for 1944.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  date.setUTCHours(Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0), ms)
  const time = date.getTime() - offsetMs
  return Number.isNaN(time) ? undefined : new Date(time).toISOString()
}
