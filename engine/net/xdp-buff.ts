/** struct xdp_buff of one run: a page with headroom for the linear part, further pages for fragments, and the bounds programs see. */
import { CTX_BASE, PACKET_BASE, PRIV } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import { ERRNO } from '../uapi/errno.ts';

export const XDP_PAGE = 4096;
/** XDP_PACKET_HEADROOM */
export const XDP_HEADROOM = 256;
/** struct xdp_frame lies at the start of the headroom, so programs never get there. */
const FRAME_BYTES = 40;
/** Headroom that metadata and bpf_xdp_adjust_head may use. */
export const XDP_HEADROOM_USABLE = XDP_HEADROOM - FRAME_BYTES;
/** The length of metadata has 8 bits once the packet is an skb (xdp_metalen_invalid). */
const META_MAX = 255;
/** struct skb_shared_info at the end of the page. */
const SHARED_INFO_BYTES = 320;
/** Most bytes of a packet that lie in the linear part, less the metadata in front of them. */
export const XDP_LINEAR_MAX = XDP_PAGE - XDP_HEADROOM - SHARED_INFO_BYTES;
/** MAX_SKB_FRAGS */
export const XDP_FRAGS_MAX = 17;
/** bpf_xdp_load_bytes and bpf_xdp_store_bytes take no larger offset or length. */
const BYTES_MAX = 0xffff;
const ETH_HLEN = 14;

const FRAGS_BASE = PACKET_BASE + 0x10000;
const HARD_END = PACKET_BASE + XDP_PAGE - SHARED_INFO_BYTES;

/** Words of struct xdp_md. */
const MD = { DATA: 0, DATA_END: 1, DATA_META: 2, INGRESS_IFINDEX: 3, RX_QUEUE_INDEX: 4, EGRESS_IFINDEX: 5, WORDS: 6 };

export interface XdpBuffInit {
  readonly data_in: Uint8Array;
  /** Bytes of `data_in` that are metadata in front of the packet. */
  readonly meta: number;
  /** Bytes of `data_in` that the linear part holds, metadata included. */
  readonly linear: number;
  readonly ingress_ifindex: number;
  readonly rx_queue_index?: number;
  /** The receive queue says how long its fragments are (rxq->frag_size): they can grow. */
  readonly frags_grow: boolean;
}

/** What helpers do with the packet of an XDP program, ordinary or live. */
export interface XdpPacket {
  /** bpf_xdp_get_buff_len */
  readonly length: number;
  /** First `length` bytes of the packet, fragments included; null when it is shorter. */
  packetBytes(length: number): Uint8Array | null;
  adjustHead(offset: number): number;
  adjustMeta(offset: number): number;
  adjustTail(offset: number): number;
  /** 0 or a negative errno. */
  checkRange(offset: number, length: number): number;
  copyRange(offset: number, length: number, address: number, store: boolean): void;
}

export class XdpBuff implements XdpPacket {
  private readonly mem: WorldMemory;
  private meta = 0;
  private data = 0;
  private end = 0;
  private frags = 0;
  private readonly fragBytes = new Int32Array(XDP_FRAGS_MAX);
  private readonly fragsGrow: boolean;

  /** Lays the packet out in the world's packet area and fills struct xdp_md (xdp_prepare_buff, bpf_prog_test_run_xdp). */
  constructor(mem: WorldMemory, init: XdpBuffInit) {
    this.mem = mem;
    this.fragsGrow = init.frags_grow;
    const { data_in, linear } = init;
    mem.u8.fill(0, PACKET_BASE, PACKET_BASE + XDP_PAGE);
    this.meta = PACKET_BASE + XDP_HEADROOM - init.meta;
    this.data = this.meta + init.meta;
    this.end = this.meta + linear;
    mem.u8.set(data_in.subarray(0, linear), this.meta);
    for (let at = linear; at < data_in.length; at += XDP_PAGE) {
      const frag = data_in.subarray(at, at + XDP_PAGE);
      mem.u8.set(frag, this.fragAddress(this.frags));
      this.fragBytes[this.frags++] = frag.length;
    }
    const words = CTX_BASE >> 2;
    mem.u32.fill(0, words, words + MD.WORDS);
    mem.u32[words + MD.INGRESS_IFINDEX] = init.ingress_ifindex;
    mem.u32[words + MD.RX_QUEUE_INDEX] = init.rx_queue_index ?? 0;
    mem.u32[PRIV.CTX_ADDR >> 2] = CTX_BASE;
    mem.u32[PRIV.CTX_LEN >> 2] = MD.WORDS * 4;
    this.show();
  }

  private fragAddress(frag: number): number {
    return FRAGS_BASE + frag * XDP_PAGE;
  }

  /** Renews the private bounds, and the copies of them in the context. */
  private show(): void {
    const u32 = this.mem.u32;
    u32[PRIV.PKT_META >> 2] = this.meta;
    u32[PRIV.PKT_DATA >> 2] = this.data;
    u32[PRIV.PKT_END >> 2] = this.end;
    const words = CTX_BASE >> 2;
    u32[words + MD.DATA] = this.data;
    u32[words + MD.DATA_END] = this.end;
    u32[words + MD.DATA_META] = this.meta;
  }

  get metaBytes(): number {
    return this.data - this.meta;
  }

  /** Metadata and linear part together. */
  get headBytes(): number {
    return this.end - this.meta;
  }

  /** Bytes of all fragments (xdp_frags_size). */
  get fragsBytes(): number {
    let bytes = 0;
    for (let i = 0; i < this.frags; i++) bytes += this.fragBytes[i]!;
    return bytes;
  }

  /** bpf_xdp_get_buff_len */
  get length(): number {
    return this.end - this.data + this.fragsBytes;
  }

  /** Metadata, linear part and fragments in one piece, as data_out begins with the metadata. */
  contents(): Uint8Array {
    const bytes = new Uint8Array(this.metaBytes + this.length);
    bytes.set(this.mem.u8.subarray(this.meta, this.end));
    let to = this.end - this.meta;
    for (let i = 0; i < this.frags; i++) {
      const from = this.fragAddress(i);
      bytes.set(this.mem.u8.subarray(from, from + this.fragBytes[i]!), to);
      to += this.fragBytes[i]!;
    }
    return bytes;
  }

  /** First `length` bytes of the packet, fragments included; null when it is shorter. */
  packetBytes(length: number): Uint8Array | null {
    if (length > this.length) return null;
    const meta = this.metaBytes;
    return this.contents().subarray(meta, meta + length);
  }

  /** bpf_xdp_adjust_head */
  adjustHead(offset: number): number {
    const data = this.data + offset;
    const meta = this.metaBytes;
    if (data < PACKET_BASE + FRAME_BYTES + meta || data > this.end - ETH_HLEN) return -ERRNO.EINVAL;
    if (meta !== 0) this.mem.u8.copyWithin(this.meta + offset, this.meta, this.data);
    this.meta += offset;
    this.data = data;
    this.show();
    return 0;
  }

  /** bpf_xdp_adjust_meta */
  adjustMeta(offset: number): number {
    const meta = this.meta + offset;
    if (meta < PACKET_BASE + FRAME_BYTES || meta > this.data) return -ERRNO.EINVAL;
    if (((this.data - meta) & 3) !== 0 || this.data - meta > META_MAX) return -ERRNO.EACCES;
    this.meta = meta;
    this.show();
    return 0;
  }

  /** bpf_xdp_adjust_tail */
  adjustTail(offset: number): number {
    if (this.frags > 0) return offset < 0 ? this.shrinkFrags(-offset) : this.growLastFrag(offset);
    const end = this.end + offset;
    if (end > HARD_END || end < this.data + ETH_HLEN) return -ERRNO.EINVAL;
    if (offset > 0) this.mem.u8.fill(0, this.end, end);
    this.end = end;
    this.show();
    return 0;
  }

  /** bpf_xdp_frags_increase_tail */
  private growLastFrag(bytes: number): number {
    if (!this.fragsGrow) return -ERRNO.EOPNOTSUPP;
    const last = this.frags - 1;
    const size = this.fragBytes[last]!;
    if (bytes > XDP_PAGE - size) return -ERRNO.EINVAL;
    const end = this.fragAddress(last) + size;
    this.mem.u8.fill(0, end, end + bytes);
    this.fragBytes[last] = size + bytes;
    return 0;
  }

  /** bpf_xdp_frags_shrink_tail: from the last fragment backwards, then from the linear part when no fragment is left. */
  private shrinkFrags(bytes: number): number {
    if (bytes > this.length - ETH_HLEN) return -ERRNO.EINVAL;
    let left = bytes;
    while (this.frags > 0 && left > 0) {
      const size = this.fragBytes[this.frags - 1]!;
      if (left < size) {
        this.fragBytes[this.frags - 1] = size - left;
        return 0;
      }
      left -= size;
      this.frags--;
    }
    if (this.frags === 0) {
      this.end -= left;
      this.show();
    }
    return 0;
  }

  /** What bpf_xdp_pointer says to a range of the packet: 0 or a negative errno. */
  checkRange(offset: number, length: number): number {
    if (offset > BYTES_MAX || length > BYTES_MAX) return -ERRNO.EFAULT;
    return offset + length > this.length ? -ERRNO.EINVAL : 0;
  }

  /** bpf_xdp_copy_buf over a range that checkRange allowed: out of the packet to `address`, or from there into it. */
  copyRange(offset: number, length: number, address: number, store: boolean): void {
    let skip = offset;
    let done = 0;
    for (let part = -1; part < this.frags && done < length; part++) {
      const base = part < 0 ? this.data : this.fragAddress(part);
      const size = part < 0 ? this.end - this.data : this.fragBytes[part]!;
      if (skip < size) {
        const bytes = Math.min(length - done, size - skip);
        if (store) this.mem.copy(base + skip, address + done, bytes);
        else this.mem.copy(address + done, base + skip, bytes);
        done += bytes;
        skip = 0;
      } else {
        skip -= size;
      }
    }
  }
}
