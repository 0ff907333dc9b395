/** What `pg_current_snapshot()` says: which transactions had committed at that moment. */
export interface DatabaseSnapshot {
  readonly xmin: string
  readonly xmax: string
  readonly running: readonly string[]
}

/** From `xmin:xmax:xid,xid`. */
export function parseSnapshot(text: string): DatabaseSnapshot {
  const [xmin = '0', xmax = '0', running = ''] = text.split(':')
  return { xmin, xmax, running: running === '' ? [] : running.split(',') }
}

/** Whether the snapshot shows the work of a transaction that has committed by now. */
export function isVisible(xid: string, snapshot: DatabaseSnapshot): boolean {
  const id = BigInt(xid)
  if (id < BigInt(snapshot.xmin)) return true
  return id < BigInt(snapshot.xmax) && !snapshot.running.includes(xid)
}

/** As messages carry it: 32 bits. */
export function shortXid(xid: string): number {
  return Number(BigInt(xid) & 0xffff_ffffn)
}

export function snapshotFields({ xmin, xmax, running }: DatabaseSnapshot): { xmin: string; xmax: string; xip_list: readonly string[] } {
  return { xmin, xmax, xip_list: running }
}
