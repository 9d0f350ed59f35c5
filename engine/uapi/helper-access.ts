/** Which program types may call which helpers, and which helpers want a GPL-compatible license: asked of a 6.18 kernel, type by type. */
import { helperId } from './helper-names.ts';
import { PROG_TYPE, type ProgTypeName } from './prog-types.ts';

/** bpf_base_func_proto and bpf_tracing_func_proto: what every type may call. */
const COMMON = `
  map_lookup_elem map_update_elem map_delete_elem ktime_get_ns trace_printk get_prandom_u32 get_smp_processor_id
  tail_call get_current_pid_tgid get_current_uid_gid get_current_comm get_cgroup_classid perf_event_read
  get_current_task current_task_under_cgroup get_numa_node_id perf_event_read_value get_current_cgroup_id
  map_push_elem map_pop_elem map_peek_elem spin_lock spin_unlock strtol strtoul send_signal probe_read_user
  probe_read_kernel probe_read_user_str probe_read_kernel_str send_signal_thread jiffies64 get_ns_current_pid_tgid
  get_current_ancestor_cgroup_id ktime_get_boot_ns ringbuf_output ringbuf_reserve ringbuf_submit ringbuf_discard
  ringbuf_query get_task_stack copy_from_user snprintf_btf per_cpu_ptr this_cpu_ptr task_storage_get
  task_storage_delete get_current_task_btf for_each_map_elem snprintf timer_init timer_set_callback timer_start
  timer_cancel task_pt_regs get_branch_snapshot trace_vprintk find_vma loop strncmp copy_from_user_task kptr_xchg
  map_lookup_percpu_elem dynptr_from_mem ringbuf_reserve_dynptr ringbuf_submit_dynptr ringbuf_discard_dynptr
  dynptr_read dynptr_write dynptr_data ktime_get_tai_ns user_ringbuf_drain cgrp_storage_get cgrp_storage_delete
`;

/** What bpf_sk_base_func_proto adds. */
const SOCK = `
  skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock skc_to_tcp_request_sock skc_to_udp6_sock
  ktime_get_coarse_ns skc_to_unix_sock skc_to_mptcp_sock
`;

/** What the tracing types add. */
const TRACING = `
  probe_read perf_event_output get_stackid probe_read_str get_stack get_func_ip get_attach_cookie
`;

/** lwt_out_func_proto. */
const LWT = `
  get_route_realm perf_event_output skb_load_bytes csum_diff skb_under_cgroup get_hash_recalc skb_pull_data
`;

/** tc_cls_act_func_proto. */
const TC = `
  skb_store_bytes l3_csum_replace l4_csum_replace clone_redirect skb_vlan_push skb_vlan_pop skb_get_tunnel_key
  skb_set_tunnel_key redirect get_route_realm perf_event_output skb_load_bytes csum_diff skb_get_tunnel_opt
  skb_set_tunnel_opt skb_change_proto skb_change_type skb_under_cgroup get_hash_recalc skb_change_tail
  skb_pull_data csum_update set_hash_invalid skb_change_head get_socket_cookie get_socket_uid set_hash
  skb_adjust_room skb_get_xfrm_state skb_load_bytes_relative fib_lookup skb_cgroup_id skb_ancestor_cgroup_id
  sk_lookup_tcp sk_lookup_udp sk_release sk_fullsock tcp_sock skb_ecn_set_ce get_listener_sock skc_lookup_tcp
  tcp_check_syncookie sk_storage_get sk_storage_delete tcp_gen_syncookie get_netns_cookie sk_assign csum_level
  skb_cgroup_classid redirect_neigh redirect_peer check_mtu skb_set_tstamp tcp_raw_gen_syncookie_ipv4
  tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6
`;

/** By program type, beyond COMMON. */
const BY_TYPE: Readonly<Partial<Record<ProgTypeName, string>>> = {
  SOCKET_FILTER: `${SOCK}
    perf_event_output skb_load_bytes get_socket_cookie get_socket_uid skb_load_bytes_relative get_netns_cookie`,
  KPROBE: TRACING,
  SCHED_CLS: `${SOCK} ${TC}`,
  SCHED_ACT: `${SOCK} ${TC}`,
  TRACEPOINT: TRACING,
  XDP: `${SOCK}
    redirect perf_event_output csum_diff xdp_adjust_head redirect_map xdp_adjust_meta xdp_adjust_tail fib_lookup
    sk_lookup_tcp sk_lookup_udp sk_release skc_lookup_tcp tcp_check_syncookie tcp_gen_syncookie check_mtu
    xdp_get_buff_len xdp_load_bytes xdp_store_bytes tcp_raw_gen_syncookie_ipv4 tcp_raw_gen_syncookie_ipv6
    tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6`,
  PERF_EVENT: `${TRACING}
    perf_prog_read_value read_branch_records`,
  CGROUP_SKB: `${SOCK}
    perf_event_output skb_load_bytes get_socket_cookie get_socket_uid skb_load_bytes_relative skb_cgroup_id
    get_local_storage skb_ancestor_cgroup_id sk_lookup_tcp sk_lookup_udp sk_release sk_fullsock tcp_sock
    skb_ecn_set_ce get_listener_sock skc_lookup_tcp sk_storage_get sk_storage_delete get_netns_cookie sk_cgroup_id
    sk_ancestor_cgroup_id`,
  CGROUP_SOCK: `
    perf_event_output get_socket_cookie get_local_storage sk_storage_get get_netns_cookie ktime_get_coarse_ns
    get_retval set_retval`,
  LWT_IN: `${SOCK} ${LWT}
    lwt_push_encap`,
  LWT_OUT: `${SOCK} ${LWT}`,
  LWT_XMIT: `${SOCK} ${LWT}
    skb_store_bytes l3_csum_replace l4_csum_replace clone_redirect skb_get_tunnel_key skb_set_tunnel_key redirect
    skb_get_tunnel_opt skb_set_tunnel_opt skb_change_tail csum_update set_hash_invalid skb_change_head
    lwt_push_encap csum_level`,
  SOCK_OPS: `${SOCK}
    perf_event_output get_socket_cookie setsockopt sock_map_update getsockopt sock_ops_cb_flags_set
    sock_hash_update get_local_storage tcp_sock sk_storage_get sk_storage_delete get_netns_cookie load_hdr_opt
    store_hdr_opt reserve_hdr_opt`,
  SK_SKB: `${SOCK}
    skb_store_bytes perf_event_output skb_load_bytes skb_change_tail skb_pull_data skb_change_head
    get_socket_cookie get_socket_uid skb_adjust_room sk_redirect_map sk_redirect_hash sk_lookup_tcp sk_lookup_udp
    sk_release skc_lookup_tcp`,
  CGROUP_DEVICE: `
    perf_event_output get_local_storage`,
  SK_MSG: `${SOCK}
    perf_event_output msg_redirect_map msg_apply_bytes msg_cork_bytes msg_pull_data msg_redirect_hash msg_push_data
    msg_pop_data sk_storage_get sk_storage_delete get_netns_cookie`,
  RAW_TRACEPOINT: TRACING,
  CGROUP_SOCK_ADDR: `${SOCK}
    perf_event_output get_socket_cookie setsockopt getsockopt bind get_local_storage sk_lookup_tcp sk_lookup_udp
    sk_release skc_lookup_tcp sk_storage_get sk_storage_delete get_netns_cookie get_retval set_retval`,
  LWT_SEG6LOCAL: `${SOCK} ${LWT}
    lwt_seg6_store_bytes lwt_seg6_adjust_srh lwt_seg6_action`,
  SK_REUSEPORT: `
    skb_load_bytes get_socket_cookie skb_load_bytes_relative sk_select_reuseport ktime_get_coarse_ns`,
  FLOW_DISSECTOR: `${SOCK}
    skb_load_bytes`,
  CGROUP_SYSCTL: `
    perf_event_output get_local_storage sysctl_get_name sysctl_get_current_value sysctl_get_new_value
    sysctl_set_new_value ktime_get_coarse_ns`,
  RAW_TRACEPOINT_WRITABLE: TRACING,
  CGROUP_SOCKOPT: `
    perf_event_output setsockopt getsockopt get_local_storage tcp_sock sk_storage_get sk_storage_delete
    get_netns_cookie get_retval set_retval`,
  SK_LOOKUP: `${SOCK}
    perf_event_output sk_release sk_assign`,
  SYSCALL: `
    probe_read perf_event_output get_stackid probe_read_str get_socket_cookie get_stack sk_storage_get
    sk_storage_delete skb_output xdp_output skc_to_tcp6_sock skc_to_tcp_sock skc_to_tcp_timewait_sock
    skc_to_tcp_request_sock skc_to_udp6_sock d_path sock_from_file sys_bpf btf_find_by_name_kind sys_close
    get_func_ip skc_to_unix_sock kallsyms_lookup_name xdp_get_buff_len skc_to_mptcp_sock`,
  NETFILTER: '',
};

/** Helpers with gpl_only set. */
const GPL_ONLY = `
  probe_read trace_printk perf_event_read perf_event_output get_stackid get_current_task probe_read_str
  perf_event_read_value perf_prog_read_value get_stack fib_lookup tcp_check_syncookie tcp_gen_syncookie skb_output
  probe_read_user probe_read_kernel probe_read_user_str probe_read_kernel_str read_branch_records xdp_output
  get_current_task_btf check_mtu snprintf timer_init timer_set_callback timer_start timer_cancel get_func_ip
  task_pt_regs get_branch_snapshot trace_vprintk copy_from_user_task tcp_raw_gen_syncookie_ipv4
  tcp_raw_gen_syncookie_ipv6 tcp_raw_check_syncookie_ipv4 tcp_raw_check_syncookie_ipv6
`;

function idsOf(names: string): ReadonlySet<number> {
  return new Set(
    names
      .split(/\s+/)
      .filter((name) => name !== '')
      .map((name) => helperId(name)!),
  );
}

const ALLOWED: ReadonlyMap<number, ReadonlySet<number>> = new Map(
  Object.entries(BY_TYPE).map(([type, names]) => [PROG_TYPE[type as ProgTypeName], idsOf(`${COMMON} ${names}`)]),
);
const GPL_IDS = idsOf(GPL_ONLY);

/** Whether programs of a type may call a helper; types that the kernel asked does not have, or that depend on what they attach to, may. */
export function mayCall(progType: number, helper: number): boolean {
  return ALLOWED.get(progType)?.has(helper) ?? true;
}

/** Helpers that programs of a type may call on that kernel, by number; null for types whose helpers are not known. */
export function helpersOf(progType: number): ReadonlySet<number> | null {
  return ALLOWED.get(progType) ?? null;
}

/** Whether only programs with a GPL-compatible license may call a helper. */
export function isGplOnly(helper: number): boolean {
  return GPL_IDS.has(helper);
}
