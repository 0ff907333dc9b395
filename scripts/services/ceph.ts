import { join } from 'node:path'
import type { S3Service } from './ceph-cluster.ts'
import { lease, type Lease } from './lease.ts'

export type { S3Service } from './ceph-cluster.ts'

/**
 * Ceph's S3 gateway, shared by everything that runs from this checkout; started when nobody has done so yet (about 12 s).
 *
 * @throws Error when Ceph cannot start, for example because its packages are not installed.
 */
export function leaseCeph(): Promise<Lease<S3Service>> {
  return lease<S3Service>('ceph', join(import.meta.dirname, 'ceph-keeper.ts'))
}
