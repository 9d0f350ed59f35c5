/**
 * One row a helper: number, name, arguments and result as the JIT passes them, and which program types may call it.
 * The kernel's struct bpf_func_proto rows, read from net/core/filter.c and kernel/bpf/helpers.c.
 *
 * Each argument reaches the JavaScript helper as ONE i32, except `u64`, which arrives as two (lo, hi).
 * Before the call the JIT's code faults when the upper half of a pointer argument is not zero; whether the memory
 * behind it may be touched is checked by the helper (helpers/check-mem.ts).
 */
import { isGplOnly } from './helper-access.ts';
import { helperId } from './helper-names.ts';

export type ArgKind =
  /** The program's context pointer. */
  | 'ctx'
  /** Map handle (descriptor address). */
  | 'map'
  /** Pointer to memory as long as the map's key / value. */
  | 'map_key'
  | 'map_value'
  /** Pointer to memory that the helper reads / writes; the next argument is its size. NULL allowed where size may be 0. */
  | 'mem'
  | 'mem_w'
  /** Bytes of the memory before it. */
  | 'size'
  | 'u32'
  | 'u64'
  /** Function pointer of a callback: arrives as the function's table index. */
  | 'func'
  /** Any other pointer (callback context, socket, reserved record, spin lock): passed unchecked, the helper decides. */
  | 'ptr';

export type RetKind =
  /** int or long that fits: sign-extended to 64 bits. */
  | 'i32'
  /** Zero-extended. */
  | 'u32'
  /** 64 bits in PRIV.R0; the import's own result is ignored. */
  | 'u64'
  /** Address or 0; what is behind it: */
  | 'map_value'
  | 'map_or_value'
  | 'mem'
  | 'sock'
  /** r0 is 0 afterwards. */
  | 'void';

export interface HelperProto {
  readonly id: number;
  /** Without the bpf_ prefix, as in enum bpf_func_id. */
  readonly name: string;
  readonly args: readonly ArgKind[];
  readonly ret: RetKind;
  /** Moves or resizes the packet (bpf_helper_changes_pkt_data): packet pointers held before are stale. */
  readonly changesPacket?: true;
  /** Only programs with a GPL-compatible license may call it. */
  readonly gplOnly?: true;
  /** For ret 'mem': index of the argument that holds the size of the memory returned. */
  readonly memSizeArg?: number;
  /** The callback given does not run during the call. */
  readonly later?: true;
  /** Emitted by the JIT itself instead of an import: tail_call, loop. */
  readonly inline?: true;
}

type Extras = Pick<HelperProto, 'changesPacket' | 'memSizeArg' | 'later' | 'inline'>;
const PACKET: Extras = { changesPacket: true };
const INLINE: Extras = { inline: true };

function row(name: string, args: string, ret: RetKind, extras: Extras = {}): [number, HelperProto] {
  const id = helperId(name)!;
  const gpl = isGplOnly(id) ? { gplOnly: true as const } : {};
  return [id, { id, name, args: args === '' ? [] : (args.split(' ') as ArgKind[]), ret, ...gpl, ...extras }];
}

/** The helpers the engine has, by number. */
export const HELPERS: ReadonlyMap<number, HelperProto> = new Map([
  // kernel/bpf/helpers.c: maps
  row('map_lookup_elem', 'map map_key', 'map_or_value'),
  row('map_update_elem', 'map map_key map_value u64', 'i32'),
  row('map_delete_elem', 'map map_key', 'i32'),
  row('map_push_elem', 'map map_value u64', 'i32'),
  row('map_pop_elem', 'map map_value', 'i32'),
  row('map_peek_elem', 'map map_value', 'i32'),
  row('map_lookup_percpu_elem', 'map map_key u32', 'map_value'),
  row('for_each_map_elem', 'map func ptr u64', 'i32'),
  row('get_local_storage', 'map u64', 'map_value'),
  row('timer_init', 'ptr map u64', 'i32'),
  row('timer_set_callback', 'ptr func', 'i32', { later: true }),
  row('timer_start', 'ptr u64 u64', 'i32'),
  row('timer_cancel', 'ptr', 'i32'),
  row('spin_lock', 'ptr', 'void'),
  row('spin_unlock', 'ptr', 'void'),

  // kernel/bpf/core.c, helpers.c: flow, clock, chance, task
  row('tail_call', 'ctx map u32', 'void', { inline: true, changesPacket: true }),
  row('loop', 'u32 func ptr u64', 'i32', INLINE),
  row('ktime_get_ns', '', 'u64'),
  row('ktime_get_boot_ns', '', 'u64'),
  row('ktime_get_coarse_ns', '', 'u64'),
  row('ktime_get_tai_ns', '', 'u64'),
  row('jiffies64', '', 'u64'),
  row('get_prandom_u32', '', 'u32'),
  row('get_smp_processor_id', '', 'u32'),
  row('get_numa_node_id', '', 'i32'),
  row('get_current_pid_tgid', '', 'u64'),
  row('get_current_uid_gid', '', 'u64'),
  row('get_current_comm', 'mem_w size', 'i32'),

  // kernel/bpf/helpers.c, kernel/trace/bpf_trace.c: text
  row('trace_printk', 'mem size u64 u64 u64', 'i32'),
  row('trace_vprintk', 'mem size mem size', 'i32'),
  row('snprintf', 'mem_w size ptr mem size', 'i32'),
  row('strtol', 'mem size u64 ptr', 'i32'),
  row('strtoul', 'mem size u64 ptr', 'i32'),
  row('strncmp', 'mem size ptr', 'i32'),
  row('probe_read', 'mem_w size u64', 'i32'),
  row('probe_read_str', 'mem_w size u64', 'i32'),
  row('probe_read_kernel', 'mem_w size u64', 'i32'),
  row('probe_read_kernel_str', 'mem_w size u64', 'i32'),
  row('probe_read_user', 'mem_w size u64', 'i32'),
  row('probe_read_user_str', 'mem_w size u64', 'i32'),
  row('copy_from_user', 'mem_w size u64', 'i32'),

  // kernel/bpf/ringbuf.c, dynptrs, perf
  row('ringbuf_output', 'map mem size u64', 'i32'),
  row('ringbuf_reserve', 'map u64 u64', 'mem', { memSizeArg: 1 }),
  row('ringbuf_submit', 'ptr u64', 'void'),
  row('ringbuf_discard', 'ptr u64', 'void'),
  row('ringbuf_query', 'map u64', 'u64'),
  row('ringbuf_reserve_dynptr', 'map u32 u64 ptr', 'i32'),
  row('ringbuf_submit_dynptr', 'ptr u64', 'void'),
  row('ringbuf_discard_dynptr', 'ptr u64', 'void'),
  row('dynptr_from_mem', 'mem_w size u64 ptr', 'i32'),
  row('dynptr_read', 'mem_w size ptr u32 u64', 'i32'),
  row('dynptr_write', 'ptr u32 mem size u64', 'i32'),
  row('dynptr_data', 'ptr u32 u32', 'mem', { memSizeArg: 2 }),
  row('perf_event_output', 'ctx map u64 mem size', 'i32'),

  // net/core/filter.c: redirects and checksums
  row('redirect', 'u32 u64', 'i32'),
  row('redirect_map', 'map u64 u64', 'i32'),
  row('csum_diff', 'mem size mem size u32', 'i32'),
  row('csum_update', 'ctx u32', 'u64'),
  row('csum_level', 'ctx u64', 'i32'),
  row('l3_csum_replace', 'ctx u32 u64 u64 u64', 'i32', PACKET),
  row('l4_csum_replace', 'ctx u32 u64 u64 u64', 'i32', PACKET),

  // net/core/filter.c: XDP
  row('xdp_adjust_head', 'ctx u32', 'i32', PACKET),
  row('xdp_adjust_tail', 'ctx u32', 'i32', PACKET),
  row('xdp_adjust_meta', 'ctx u32', 'i32', PACKET),
  row('xdp_get_buff_len', 'ctx', 'u32'),
  row('xdp_load_bytes', 'ctx u32 mem_w size', 'i32'),
  row('xdp_store_bytes', 'ctx u32 mem size', 'i32'),

  // net/core/filter.c: socket buffers
  row('skb_load_bytes', 'ctx u32 mem_w size', 'i32'),
  row('skb_load_bytes_relative', 'ctx u32 mem_w size u32', 'i32'),
  row('skb_store_bytes', 'ctx u32 mem size u64', 'i32', PACKET),
  row('skb_pull_data', 'ctx u32', 'i32', PACKET),
  row('skb_change_tail', 'ctx u32 u64', 'i32', PACKET),
  row('skb_change_head', 'ctx u32 u64', 'i32', PACKET),
  row('skb_change_type', 'ctx u32', 'i32'),
  row('skb_change_proto', 'ctx u32 u64', 'i32', PACKET),
  row('skb_adjust_room', 'ctx u32 u32 u64', 'i32', PACKET),
  row('skb_vlan_push', 'ctx u32 u32', 'i32', PACKET),
  row('skb_vlan_pop', 'ctx', 'i32', PACKET),
  row('get_hash_recalc', 'ctx', 'u32'),
  row('set_hash', 'ctx u32', 'i32'),
  row('set_hash_invalid', 'ctx', 'i32'),

  // net/core/filter.c: sockets
  row('sk_lookup_tcp', 'ctx mem size u64 u64', 'sock'),
  row('sk_lookup_udp', 'ctx mem size u64 u64', 'sock'),
  row('skc_lookup_tcp', 'ctx mem size u64 u64', 'sock'),
  row('sk_release', 'ptr', 'i32'),
  row('sk_fullsock', 'ptr', 'sock'),
  row('tcp_sock', 'ptr', 'sock'),
  row('get_listener_sock', 'ptr', 'sock'),
  row('sk_assign', 'ptr ptr u64', 'i32'),
  row('tcp_check_syncookie', 'ptr mem size mem size', 'i32'),
  row('tcp_gen_syncookie', 'ptr mem size mem size', 'i32'),
  row('tcp_raw_gen_syncookie_ipv4', 'ptr mem size', 'u64'),
  row('tcp_raw_gen_syncookie_ipv6', 'ptr mem size', 'u64'),
  row('tcp_raw_check_syncookie_ipv4', 'ptr ptr', 'i32'),
  row('tcp_raw_check_syncookie_ipv6', 'ptr ptr', 'i32'),
  row('skc_to_tcp_sock', 'ptr', 'sock'),
  row('skc_to_tcp6_sock', 'ptr', 'sock'),
  row('skc_to_udp6_sock', 'ptr', 'sock'),
  row('skc_to_tcp_timewait_sock', 'ptr', 'sock'),
  row('skc_to_tcp_request_sock', 'ptr', 'sock'),
  row('skc_to_unix_sock', 'ptr', 'sock'),
  row('skc_to_mptcp_sock', 'ptr', 'sock'),
  row('sk_storage_get', 'map ptr ptr u64', 'map_value'),
  row('sk_storage_delete', 'map ptr', 'i32'),
  row('get_socket_cookie', 'ptr', 'u64'),
  row('get_socket_uid', 'ctx', 'u32'),
  row('get_netns_cookie', 'ptr', 'u64'),

  // net/core/filter.c, net/core/lwt_bpf.c: routes, tunnels, cgroups, copies
  row('fib_lookup', 'ctx mem_w size u32', 'i32'),
  row('check_mtu', 'ctx u32 ptr u32 u64', 'i32'),
  row('redirect_neigh', 'u32 mem size u64', 'i32'),
  row('redirect_peer', 'u32 u64', 'i32'),
  row('clone_redirect', 'ctx u32 u64', 'i32', PACKET),
  row('skb_set_tunnel_key', 'ctx mem size u64', 'i32'),
  row('skb_get_tunnel_key', 'ctx mem_w size u64', 'i32'),
  row('skb_set_tunnel_opt', 'ctx mem size', 'i32'),
  row('skb_get_tunnel_opt', 'ctx mem_w size', 'i32'),
  row('get_cgroup_classid', 'ctx', 'u32'),
  row('skb_cgroup_classid', 'ctx', 'u64'),
  row('skb_cgroup_id', 'ctx', 'u64'),
  row('skb_ancestor_cgroup_id', 'ctx u32', 'u64'),
  row('sk_cgroup_id', 'ptr', 'u64'),
  row('sk_ancestor_cgroup_id', 'ptr u32', 'u64'),
  row('get_current_cgroup_id', '', 'u64'),
  row('get_current_ancestor_cgroup_id', 'u32', 'u64'),
  row('skb_under_cgroup', 'ctx map u32', 'i32'),
  row('current_task_under_cgroup', 'map u32', 'i32'),
  row('get_route_realm', 'ctx', 'u32'),
  row('skb_ecn_set_ce', 'ctx', 'i32'),
  row('skb_set_tstamp', 'ctx u64 u32', 'i32'),
  row('lwt_push_encap', 'ctx u32 mem size', 'i32', PACKET),
  row('lwt_seg6_store_bytes', 'ctx u32 mem size', 'i32'),
  row('lwt_seg6_adjust_srh', 'ctx u32 u32', 'i32', PACKET),
  row('lwt_seg6_action', 'ctx u32 mem size', 'i32', PACKET),
]);
