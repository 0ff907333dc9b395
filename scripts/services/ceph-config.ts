/** The smallest Ceph: one monitor, one store in memory, one gateway. cephx stays on, since the gateway hangs without it. */
export function cephConfig({ directory, fsid, gatewayPort, monitorPort }: {
  readonly directory: string
  readonly fsid: string
  readonly gatewayPort: number
  readonly monitorPort: number
}): string {
  return `[global]
fsid = ${fsid}
mon_host = [v2:127.0.0.1:${monitorPort}]
mon_initial_members = a
public_network = 127.0.0.0/8
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
keyring = ${directory}/keyring
mon_allow_pool_size_one = true
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
mon_max_pg_per_osd = 1000
osd_crush_chooseleaf_type = 0
run_dir = ${directory}/run
admin_socket = ${directory}/run/$name.asok
log_file = ${directory}/log/$name.log
mon_data = ${directory}/mon
osd_data = ${directory}/osd
osd_objectstore = memstore
osd_memory_target = 939524096
memstore_device_bytes = 6442450944
memstore_page_set = true
mon_data_avail_crit = 1
mon_data_avail_warn = 2
ms_bind_ipv6 = false
[mon.a]
host = localhost
[osd.0]
host = localhost
[client.rgw.a]
rgw_frontends = beast endpoint=127.0.0.1:${gatewayPort}
rgw_dns_name = 127.0.0.1
rgw_data = ${directory}/rgw
rgw_thread_pool_size = 64
rgw_enable_ops_log = false
rgw_enable_usage_log = false
rgw_run_sync_thread = false
rgw_gc_obj_min_wait = 5
rgw_gc_processor_period = 5
rgw_gc_processor_max_time = 5
rgw_multipart_min_part_size = 65536
`
}
