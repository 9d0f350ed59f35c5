/** Tracepoints that live frames pass, under the kernel's names, with the fields of their events. */
import type { TraceName } from '../../engine/index.ts';

/** In the order in which the kernel backend's watching object numbers them. */
export const LIVE_TRACEPOINTS: readonly (readonly [TraceName, ...string[]])[] = [
  ['xdp_redirect', 'ifindex', 'to_ifindex', 'map_id', 'map_index'],
  ['xdp_redirect_err', 'ifindex', 'to_ifindex', 'map_id', 'map_index'],
  ['xdp_exception', 'ifindex', 'prog_id'],
  ['xdp_devmap_xmit', 'from_ifindex', 'to_ifindex', 'sent', 'drops'],
  ['xdp_bulk_tx', 'ifindex', 'sent', 'drops'],
  ['xdp_cpumap_enqueue', 'map_id', 'processed', 'drops', 'to_cpu'],
  ['xdp_cpumap_kthread', 'map_id', 'processed', 'drops', 'sched', 'xdp_pass', 'xdp_drop', 'xdp_redirect'],
  ['page_pool_state_hold', 'hold'],
  ['page_pool_state_release', 'release'],
  ['page_pool_release', 'inflight', 'hold', 'release'],
  ['mem_disconnect', 'mem_type'],
  ['netif_receive_skb', 'ifindex', 'len'],
  ['kfree_skb', 'ifindex', 'protocol'],
];

/** Whether the code of an event is an errno; of the others it is a verdict or a drop reason. */
export function hasErrno(name: string): boolean {
  return name.startsWith('xdp_') && name !== 'xdp_exception';
}
