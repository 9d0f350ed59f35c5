/** Where live frame mode keeps its state in linear memory, for the TypeScript that acts on it and the WebAssembly that does the same faster. */

/** Private words beside those of layout.ts: where no program reaches. */
export const LIVE = {
  /** Descriptor of the page in hand. */
  PAGE: 0x1400,
  /** struct bpf_redirect_info: tgt_index, the map's descriptor (RI_NONE, or RI_IFINDEX for a bare ifindex), flags, whether an entry was found. */
  RI_TGT_INDEX: 0x1410,
  RI_MAP: 0x1414,
  RI_FLAGS: 0x1418,
  RI_FOUND: 0x141c,
} as const;

/** ri->map_id is 0: no helper was called. */
export const RI_NONE = 0;
/** ri->map_id is INT_MAX with BPF_MAP_TYPE_UNSPEC: tgt_index is an ifindex. */
export const RI_IFINDEX = 0x7fffffff;

export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;
/** struct xdp_page_head lies in front of the headroom. */
export const PAGE_HEAD = 112;
export const HEADROOM = 256;
/** struct xdp_frame, at the start of the headroom. */
export const FRAME_BYTES = 40;
/** struct skb_shared_info, at the end of the page. */
export const SHARED_INFO = 320;
/** Page offset of the packet's first byte: 368. */
export const DATA_AT = PAGE_HEAD + HEADROOM;
/** Most bytes of a packet: 3408. */
export const LIVE_PACKET_MAX = PAGE_SIZE - DATA_AT - SHARED_INFO;

/** Words of a page's descriptor (struct xdp_frame and what the page pool knows of the page), beside the pages so that they stay in the cache. */
export const PAGE_AT = {
  /** xdpf->data, xdpf->len, xdpf->metasize */
  DATA: 0,
  LEN: 4,
  META: 8,
  /** Address of the page. */
  BASE: 12,
  /** data_hard_start, and the end of what the tail may grow to. */
  HARD_START: 16,
  HARD_END: 20,
  /** Bytes from LOW to HIGH may differ from zero: what a page is cleaned of before it is new again. */
  LOW: 24,
  HIGH: 28,
  /** xdpf->mem_type: 1 of the page pool, 0 a copy that a broadcast made. */
  POOL: 32,
  /** xdpf->dev_rx, for cpumaps: address of the device. */
  DEV_RX: 36,
  /** Low half of the number of the frame that the page carries. */
  FRAME: 40,
} as const;
/** The same in words, for views of 32-bit numbers. */
export const PAGE_WORD = {
  DATA: PAGE_AT.DATA >>> 2,
  LEN: PAGE_AT.LEN >>> 2,
  META: PAGE_AT.META >>> 2,
  BASE: PAGE_AT.BASE >>> 2,
  HARD_START: PAGE_AT.HARD_START >>> 2,
  HARD_END: PAGE_AT.HARD_END >>> 2,
  LOW: PAGE_AT.LOW >>> 2,
  HIGH: PAGE_AT.HIGH >>> 2,
  POOL: PAGE_AT.POOL >>> 2,
  FRAME: PAGE_AT.FRAME >>> 2,
} as const;
export const PAGE_DESC = 64;
export const PAGE_DESC_SHIFT = 6;

/** Words of a ptr_ring. */
export const RING_AT = { SIZE: 0, BATCH: 4, PRODUCER: 8, HEAD: 12, TAIL: 16, QUEUE: 20 } as const;
export const RING_BYTES = 32;

/** PP_ALLOC_CACHE_SIZE and PP_ALLOC_CACHE_REFILL */
export const PP_CACHE = 128;
export const PP_REFILL = 64;
/** Words of the page pool; entries of cache, ring and free list are descriptors' addresses. */
export const POOL_AT = {
  CACHE_COUNT: 0,
  FREE_COUNT: 4,
  /** Address of the list of pages that belong to nobody. */
  FREE: 8,
  RING: 16,
  CACHE: 64,
} as const;
export const POOL_BYTES = POOL_AT.CACHE + PP_CACHE * 4;

/** DEV_MAP_BULK_SIZE, VETH_XDP_TX_BULK_SIZE, CPU_MAP_BULK_SIZE */
export const DEV_BULK = 16;
export const CPU_BULK = 8;
/** TEST_XDP_MAX_BATCH */
export const BATCH_MAX = 256;
/** VETH_XDP_BATCH: frames for the stack are handed over by sixteens. */
export const TO_STACK = 16;
/** net.core.gro_normal_batch: of what is handed over, the stack gets at once what fills eights, the rest at the end of the poll. */
export const GRO_NORMAL_BATCH = 8;
/** VETH_RING_SIZE */
export const VETH_RING = 256;

/** Words of the source of packets: how many there are, the next in turn, state of chance, address of {address, bytes} by packet. */
export const SOURCE_AT = { COUNT: 0, NEXT: 4, CHANCE: 8, TABLE: 12 } as const;
export const SOURCE_BYTES = 16;
export const SOURCE_ROW = 8;

/** Devices of all namespaces of a run. */
export const DEVICES_MAX = 64;
/**
 * Words of the batch under way: devices with frames in their bulk queues in the order of first use, devices whose NAPI waits, queues of
 * CPUs with frames that are not in their rings yet (no more than frames), frames for the stack, of the batch and of the device that is polled, frames that veth
 * sends back, that a CPU's thread has taken; devices to poll again in the next round; and of the generated loop, what it counted and why it ended.
 */
export const BATCH_AT = {
  ...{ FLUSH_COUNT: 0, POLL_COUNT: 4, PASS_COUNT: 8, ERRNO: 12 },
  /** CPUs or sockets have to be looked after between batches. */
  SETTLE: 16,
  /** Batches, and runs by verdict (aborted, drop, pass, tx, redirect, unknown). */
  ...{ BATCHES: 20, VERDICTS: 24 },
  /** Low half of the number of the next frame. */
  NUMBER: 48,
  /** Address of the counter that the last redirect went to, when another one to the same place goes there too. */
  SLOT: 52,
  ...{ CPU_COUNT: 56, STACK_COUNT: 60 },
  ...{ FLUSH: 64, POLL: 320, PASS: 576, TX: 1600, STACK: 1664, CPUS: 1728, TAKEN: 2752, REPEAT: 2784 },
} as const;
export const BATCH_BYTES = BATCH_AT.REPEAT + DEVICES_MAX * 4;
/**
 * Polls, and turns of a CPU's thread, that follow upon one batch at most: two ends may send frames to and fro for ever. The rest waits for
 * the next batch, as it waits for ksoftirqd in the kernel.
 */
export const POLLS_MAX = 4096;
/** Stands in the poll list for the backlog of the CPU (softnet_data.backlog), where no device is. */
export const BACKLOG = 1;
/** Verdicts that are told apart. */
export const VERDICT_KINDS = 6;

/**
 * Words of a redirect map's descriptor behind those of layout.ts: address of the rows by key (devmap and cpumap), the map's id, address of
 * the rows of a broadcast (how many, then two words on, the rows); and of the last broadcast its key and the address of its counter.
 */
export const MAP_LIVE = { TABLE: 40, ID: 44, ALL: 48, KEY: 52, SLOT: 56 } as const;
/** A row: device or queue of a CPU, id of the program behind the entry, address of the counter of redirects that go there. */
export const ROW_AT = { TO: 0, PROG: 4, SLOT: 8 } as const;
export const ROW_SHIFT = 4;
export const ROW_BYTES = 1 << ROW_SHIFT;

/** Bits of a device's FLAGS. */
export const DEV_FLAG = {
  UP: 1,
  /** NETDEV_XDP_ACT_NDO_XMIT */
  NDO_XMIT: 2,
  /** Frames that leave here are looked at one by one: captured, or the device is no plain veth. */
  SLOW: 4,
  /** NAPI waits in the poll list. */
  SCHEDULED: 8,
  /** Its ring takes nothing. */
  FULL: 16,
} as const;

/** Words of a device. */
export const DEV_AT = {
  IFINDEX: 0,
  FLAGS: 4,
  /** dev->mtu + hard_header_len + VLAN_HLEN */
  MAX_LEN: 8,
  /** Address of the veth's other end, 0 if none. */
  PEER: 12,
  /** Bulk queue of devmaps: frames in it, bq->dev_rx (0: not in the flush list), id of bq->xdp_prog. */
  BQ_COUNT: 16,
  BQ_DEV_RX: 20,
  BQ_PROG: 24,
  /** NAPI is enabled: the device is up and has native XDP or GRO. */
  NAPI: 28,
  /** Id of the native XDP program, 0 if none. */
  PROG: 32,
  /** Address of its counters (f64). */
  COUNTERS: 36,
  /** Its ptr_ring, for what arrives from the other end. */
  RING: 40,
  BQ: 40 + RING_BYTES,
  /** Addresses of the counters of redirects to its ifindex, and of its xdp_devmap_xmit without an error; 0 until there was one. */
  ...{ REDIRECT_SLOT: 136, XMIT_SLOT: 140 },
} as const;
export const DEV_BYTES = 192;

/** Words of a CPU's queue of a cpumap: its ring, frames that are not there yet, and what events tell of it. */
export const CPUQ_AT = {
  RING: 0,
  COUNT: 32,
  /** It stands in the list of queues to flush. */
  LISTED: 36,
  BULK: 40,
  CPU: 72,
  MAP_ID: 76,
  /** Address of the counter of its xdp_cpumap_enqueue; 0 until there was one. */
  SLOT: 80,
  /** Id of the program that runs on the CPU, 0: none. */
  PROG: 84,
} as const;
export const CPUQ_BYTES = 96;

/** Counters of a device, f64 each (struct rtnl_link_stats64 and veth's own). */
export const DEV_COUNTERS = [
  ...(['rx_packets', 'rx_bytes', 'rx_dropped', 'tx_packets', 'tx_bytes', 'tx_dropped'] as const),
  ...(['xdp_xmit', 'xdp_xmit_drops', 'xdp_xmit_err', 'xdp_packets', 'xdp_drops', 'xdp_tx', 'xdp_tx_err'] as const),
  ...(['xdp_redirect', 'xdp_redirect_err', 'xdp_pass'] as const),
] as const;
export type DevCounter = (typeof DEV_COUNTERS)[number];

/** Counters of the run, f64 each. */
export const RUN_COUNTERS = [
  ...(['frames', 'batches', 'insns'] as const),
  ...(['aborted', 'drop', 'pass', 'tx', 'redirect', 'unknown'] as const),
  ...(['allocated', 'recycled', 'released', 'in_pool', 'in_flight', 'pages_copied'] as const),
  ...(['cpu_queue_drops', 'cpu_xdp_drops'] as const),
] as const;
export type RunCounter = (typeof RUN_COUNTERS)[number];

/** Counters of a namespace's stack, f64 each; those of drops are the kernel's skb_drop_reason. */
export const STACK_COUNTERS = [
  ...(['received', 'received_bytes', 'udp_delivered', 'tcp', 'icmp', 'arp', 'other_protocols', 'forwarded'] as const),
  ...(['OTHERHOST', 'UNHANDLED_PROTO', 'PKT_TOO_SMALL', 'IP_INHDR', 'IP_CSUM', 'IP_INADDRERRORS'] as const),
  ...(['IP_INVALID_SOURCE', 'UDP_CSUM', 'NO_SOCKET', 'SOCKET_RCVBUFF', 'TC_INGRESS', 'QDISC_DROP'] as const),
  'NOT_SPECIFIED',
] as const;
export type StackCounter = (typeof STACK_COUNTERS)[number];
/** The first of STACK_COUNTERS that is a reason for a drop. */
export const FIRST_REASON = STACK_COUNTERS.indexOf('OTHERHOST');
