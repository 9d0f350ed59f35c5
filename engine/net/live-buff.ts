/** struct xdp_buff of live frames: the page in hand as programs see it, moved from frame to frame without allocating anything. */
import { CTX_BASE, PRIV } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import { ERRNO } from '../uapi/errno.ts';
import { DATA_AT, FRAME_BYTES, LIVE, PAGE_WORD } from './live-layout.ts';
import type { XdpPacket } from './xdp-buff.ts';

const ETH_HLEN = 14;
/** The length of metadata has 8 bits once the packet is an skb (xdp_metalen_invalid). */
const META_MAX = 255;
/** bpf_xdp_load_bytes and bpf_xdp_store_bytes take no larger offset or length. */
const BYTES_MAX = 0xffff;

const PKT_META = PRIV.PKT_META >>> 2;
const PKT_DATA = PRIV.PKT_DATA >>> 2;
const PKT_END = PRIV.PKT_END >>> 2;
const IN_HAND = LIVE.PAGE >>> 2;
/** Words of struct xdp_md. */
const MD = CTX_BASE >>> 2;
const MD_WORDS = 6;
const [DATA, DATA_END, DATA_META, INGRESS, QUEUE, EGRESS] = [MD, MD + 1, MD + 2, MD + 3, MD + 4, MD + 5] as const;

/** The bounds that every run of the program begins with. */
export interface OriginalBounds {
  readonly meta: number;
  /** Bytes of the packet, metadata apart. */
  readonly length: number;
}

export class LiveBuff implements XdpPacket {
  private readonly mem: WorldMemory;
  private readonly original: OriginalBounds;

  constructor(mem: WorldMemory, original: OriginalBounds) {
    this.mem = mem;
    this.original = original;
  }

  /** The context of programs is a struct xdp_md from now on. */
  begin(): void {
    this.mem.u32[PRIV.CTX_ADDR >>> 2] = CTX_BASE;
    this.mem.u32[PRIV.CTX_LEN >>> 2] = MD_WORDS * 4;
  }

  /** What the program is told about where the frames come from and go to. */
  enter(ingress_ifindex: number, rx_queue_index: number, egress_ifindex: number): void {
    const { u32 } = this.mem;
    u32[INGRESS] = ingress_ifindex;
    u32[QUEUE] = rx_queue_index;
    u32[EGRESS] = egress_ifindex;
  }

  /** xdp->rxq->queue_index */
  get rxQueue(): number {
    return this.mem.u32[QUEUE]!;
  }

  /** reset_ctx: a page of the pool with its bounds as they were at first, whatever happened to them since. */
  showOriginal(desc: number, length = this.original.length): void {
    const { u32 } = this.mem;
    const base = u32[(desc >>> 2) + PAGE_WORD.BASE]!;
    const { meta } = this.original;
    const data = base + DATA_AT;
    u32[IN_HAND] = desc;
    this.bound(data - meta, data, data + length);
  }

  /** xdp_convert_frame_to_buff */
  show(desc: number): void {
    const { u32 } = this.mem;
    const at = desc >>> 2;
    const data = u32[at + PAGE_WORD.DATA]!;
    u32[IN_HAND] = desc;
    this.bound(data - u32[at + PAGE_WORD.META]!, data, data + u32[at + PAGE_WORD.LEN]!);
  }

  /** xdp_update_frame_from_buff */
  keep(desc: number): void {
    const { u32 } = this.mem;
    const at = desc >>> 2;
    const data = u32[PKT_DATA]!;
    u32[at + PAGE_WORD.DATA] = data;
    u32[at + PAGE_WORD.LEN] = u32[PKT_END]! - data;
    u32[at + PAGE_WORD.META] = data - u32[PKT_META]!;
  }

  private bound(meta: number, data: number, end: number): void {
    const { u32 } = this.mem;
    u32[PKT_META] = meta;
    u32[PKT_DATA] = data;
    u32[PKT_END] = end;
    u32[DATA] = data;
    u32[DATA_END] = end;
    u32[DATA_META] = meta;
  }

  get length(): number {
    return this.mem.u32[PKT_END]! - this.mem.u32[PKT_DATA]!;
  }

  packetBytes(length: number): Uint8Array | null {
    const data = this.mem.u32[PKT_DATA]!;
    return length > this.length ? null : this.mem.u8.slice(data, data + length);
  }

  /** data_hard_start */
  private get hardStart(): number {
    const { u32 } = this.mem;
    return u32[(u32[IN_HAND]! >>> 2) + PAGE_WORD.HARD_START]!;
  }

  /** The first byte behind what the tail may grow to. */
  private get hardEnd(): number {
    const { u32 } = this.mem;
    return u32[(u32[IN_HAND]! >>> 2) + PAGE_WORD.HARD_END]!;
  }

  /** bpf_xdp_adjust_head */
  adjustHead(offset: number): number {
    const { u32, u8 } = this.mem;
    const meta = u32[PKT_META]!;
    const data = u32[PKT_DATA]! + offset;
    const metaBytes = data - offset - meta;
    if (data < this.hardStart + FRAME_BYTES + metaBytes || data > u32[PKT_END]! - ETH_HLEN) return -ERRNO.EINVAL;
    if (metaBytes !== 0) u8.copyWithin(meta + offset, meta, meta + metaBytes);
    this.bound(meta + offset, data, u32[PKT_END]!);
    this.reach(meta + offset, data);
    return 0;
  }

  /** bpf_xdp_adjust_meta */
  adjustMeta(offset: number): number {
    const { u32 } = this.mem;
    const meta = u32[PKT_META]! + offset;
    const data = u32[PKT_DATA]!;
    if (meta < this.hardStart + FRAME_BYTES || meta > data) return -ERRNO.EINVAL;
    if (((data - meta) & 3) !== 0 || data - meta > META_MAX) return -ERRNO.EACCES;
    this.bound(meta, data, u32[PKT_END]!);
    this.reach(meta, data);
    return 0;
  }

  /** bpf_xdp_adjust_tail */
  adjustTail(offset: number): number {
    const { u32, u8 } = this.mem;
    const end = u32[PKT_END]! + offset;
    if (end > this.hardEnd || end < u32[PKT_DATA]! + ETH_HLEN) return -ERRNO.EINVAL;
    if (offset > 0) u8.fill(0, u32[PKT_END]!, end);
    this.bound(u32[PKT_META]!, u32[PKT_DATA]!, end);
    this.reach(u32[PKT_META]!, end);
    return 0;
  }

  /** The program may now write from `low` to `high`. */
  private reach(low: number, high: number): void {
    const { u32 } = this.mem;
    const at = u32[IN_HAND]! >>> 2;
    if (low < u32[at + PAGE_WORD.LOW]!) u32[at + PAGE_WORD.LOW] = low;
    if (high > u32[at + PAGE_WORD.HIGH]!) u32[at + PAGE_WORD.HIGH] = high;
  }

  /** What bpf_xdp_pointer says to a range of the packet: 0 or a negative errno. */
  checkRange(offset: number, length: number): number {
    if (offset > BYTES_MAX || length > BYTES_MAX) return -ERRNO.EFAULT;
    return offset + length > this.length ? -ERRNO.EINVAL : 0;
  }

  /** Out of the packet to `address`, or from there into it. */
  copyRange(offset: number, length: number, address: number, store: boolean): void {
    const at = this.mem.u32[PKT_DATA]! + offset;
    if (store) this.mem.copy(at, address, length);
    else this.mem.copy(address, at, length);
  }
}
