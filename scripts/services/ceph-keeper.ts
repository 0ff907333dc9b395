// The process that owns Ceph while tests use it: `node ceph-keeper.ts`, started by `ceph.ts`.
import { startCluster } from './ceph-cluster.ts'
import { keep } from './lease.ts'

await keep('ceph', startCluster)
