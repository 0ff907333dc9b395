import type { Priority } from './catalog.ts'

/** How much the cache may hold, and when it says so. Shares are of the limit, from 0 to 1. */
export interface CacheLimits {
  readonly maxBytes: number
  readonly warningShare: number
  readonly criticalShare: number
  /** False: nothing goes by itself. */
  readonly evictsByItself: boolean
}

/** What the platform says of its storage for this app; `undefined` where it does not say. */
export interface StorageEstimate {
  readonly usageBytes: number
  readonly quotaBytes: number
}

/** The most that the cache may hold: what the app allows, or what the device has room for, whichever is less. */
export function limitBytes(limits: CacheLimits, usedBytes: number, estimate: StorageEstimate | undefined): number {
  if (estimate === undefined || !saysSomething(estimate)) return limits.maxBytes
  const roomBytes = Math.max(0, estimate.quotaBytes - estimate.usageBytes)
  return Math.min(limits.maxBytes, usedBytes + roomBytes)
}

/** Some platforms answer with nothing, or with a quota of zero where there is room: what the store itself says counts then. */
function saysSomething({ usageBytes, quotaBytes }: StorageEstimate): boolean {
  return usageBytes >= 0 && quotaBytes > 0 && usageBytes < Infinity
}

/** Bytes to let go of now. Above the critical share it goes down to the warning share, so that not every new photo evicts one. */
export function surplusBytes(limits: CacheLimits, usedBytes: number, limit: number): number {
  if (!limits.evictsByItself || usedBytes <= limits.criticalShare * limit) return 0
  return Math.ceil(usedBytes - limits.warningShare * limit)
}

/** What may go because the cache is full by its own rules: what is dear to the person stays. */
export const BY_LIMIT: readonly Priority[] = ['low', 'normal']

/** What may go because the device is full: everything that a remote has, what is dear to the person last. */
export const BY_DEVICE: readonly Priority[] = ['low', 'normal', 'high']
