/** struct sk_buff of one run: one linear buffer with room on both sides, header positions, checksum state, and struct __sk_buff. */
import { CTX_BASE, KOBJ_BASE, PACKET_BASE, PACKET_SIZE, PRIV } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import { csumBlockAdd, csumBlockSub, csumPartial } from './csum.ts';
import type { TunnelInfo } from './tunnel.ts';

/** Bytes of the area free before the packet when the run begins. */
const ROOM = 1024;
/** What of the area is zeroed first, as the kernel's buffer is: bytes behind the packet can come into it. */
const CLEARED = 8192;
/** NET_SKB_PAD: the headroom the kernel's buffer begins with, and the step in which it grows. */
const NET_SKB_PAD = 64;
/** A header position that was never set; positions have 16 bits and count from the buffer's head. */
const UNSET = 0xffff;
const ETH_HLEN = 14;

/** Protocols as skb->protocol holds them: network order, read little-endian. */
export const PROTO = {
  IP: 0x0008,
  IPV6: 0xdd86,
  VLAN_8021Q: 0x0081,
  VLAN_8021AD: 0xa888,
  LLC_802_2: 0x0400,
  RAW_802_3: 0x0100,
};

/** skb->ip_summed, as far as BPF_PROG_RUN gets it. */
export const SUMMED = { NONE: 0, UNNECESSARY: 1, COMPLETE: 2 } as const;

/** Words of struct __sk_buff that helpers can change, and where its pointers stand. */
const AT = {
  ...{
    LEN: 0,
    PKT_TYPE: 1,
    PROTOCOL: 4,
    VLAN_PRESENT: 5,
    VLAN_TCI: 6,
    VLAN_PROTO: 7,
    HASH: 17,
    DATA: 19,
    DATA_END: 20,
  },
  ...{ DATA_META: 35, GSO_SEGS: 41, SK: 42, GSO_SIZE: 44, WORDS: 48 },
};

/** struct seg6_bpf_srh_state: the segment routing header that a program has in hand. */
interface SegmentsState {
  /** Bytes from the header to the packet's end. */
  from_tail: number;
  /** Bytes of the header without its first 8. */
  hdrlen: number;
  valid: boolean;
}

export class Skb {
  readonly mem: WorldMemory;
  /** Addresses: first byte, one past the last, link header, network header. */
  data: number;
  tail: number;
  mac: number;
  net: number;
  /** Where the kernel's buffer would begin: growing it moves the transport header, set or not (skb_headers_offset_update). */
  private head: number;
  private transport = UNSET;
  protocol = 0;
  pktType = 0;
  /** The tag kept beside the packet (__vlan_hwaccel_put_tag); present unless all of it is 0. */
  vlanProto = 0;
  vlanTci = 0;
  encapsulation = false;
  ipSummed: number = SUMMED.NONE;
  /** Unfolded sum from the network header on, when ip_summed is COMPLETE. */
  csum = 0;
  csumLevel = 0;
  hash = 0;
  /** l4_hash or sw_hash: the hash need not be computed. */
  hashKnown = false;
  gsoSegs = 0;
  gsoSize = 0;
  /** The tunnel that the packet is to go through; null for none. */
  tunnel: TunnelInfo | null = null;
  /** Null until a segment routing header is pushed or found. */
  segments: SegmentsState | null = null;
  /** Bytes of metadata in front of the data where it was when they came (skb_metadata_len). */
  private metaBytes = 0;
  private metaEnd = 0;

  /** The frame with its Ethernet header in front, data at that header; struct __sk_buff zeroed. */
  constructor(mem: WorldMemory, frame: Uint8Array) {
    this.mem = mem;
    this.mac = PACKET_BASE + ROOM;
    this.head = this.mac - NET_SKB_PAD;
    this.data = this.mac;
    this.net = this.mac + ETH_HLEN;
    this.tail = this.data + frame.length;
    mem.u8.fill(0, PACKET_BASE, PACKET_BASE + CLEARED);
    mem.u8.set(frame, this.data);
    const words = CTX_BASE >> 2;
    mem.u32.fill(0, words, words + AT.WORDS);
    mem.u32[words + AT.SK] = KOBJ_BASE;
    mem.u32[PRIV.CTX_ADDR >> 2] = CTX_BASE;
    mem.u32[PRIV.CTX_LEN >> 2] = AT.WORDS * 4;
  }

  get length(): number {
    return this.tail - this.data;
  }

  /** skb_metadata_set: what an XDP program left in front of the packet; gone once the data begins elsewhere. */
  setMetadata(bytes: Uint8Array): void {
    this.metaBytes = bytes.length;
    this.metaEnd = this.data;
    this.mem.u8.set(bytes, this.data - bytes.length);
  }

  /** skb_network_offset; negative once the data begins behind the header. */
  get networkOffset(): number {
    return this.net - this.data;
  }

  /** skb_mac_header_len, 16 bits as the header positions are. */
  get macHeaderLength(): number {
    return (this.net - this.mac) & 0xffff;
  }

  get vlanPresent(): boolean {
    return (this.vlanProto | this.vlanTci) !== 0;
  }

  get isGso(): boolean {
    return this.gsoSize !== 0;
  }

  /** Renews the private bounds and every field of struct __sk_buff that helpers change (bpf_compute_data_pointers and more). */
  show(): void {
    const u32 = this.mem.u32;
    const meta = this.data === this.metaEnd ? this.data - this.metaBytes : this.data;
    u32[PRIV.PKT_META >> 2] = meta;
    u32[PRIV.PKT_DATA >> 2] = this.data;
    u32[PRIV.PKT_END >> 2] = this.tail;
    u32[PRIV.SKB_MAC >> 2] = this.mac;
    u32[PRIV.SKB_NET >> 2] = this.net;
    const words = CTX_BASE >> 2;
    u32[words + AT.LEN] = this.tail - this.data;
    u32[words + AT.PKT_TYPE] = this.pktType;
    u32[words + AT.PROTOCOL] = this.protocol;
    u32[words + AT.VLAN_PRESENT] = this.vlanPresent ? 1 : 0;
    u32[words + AT.VLAN_TCI] = this.vlanTci;
    u32[words + AT.VLAN_PROTO] = this.vlanProto;
    u32[words + AT.HASH] = this.hash;
    u32[words + AT.DATA] = this.data;
    u32[words + AT.DATA_END] = this.tail;
    u32[words + AT.DATA_META] = meta;
    u32[words + AT.GSO_SEGS] = this.gsoSegs;
    u32[words + AT.GSO_SIZE] = this.gsoSize;
  }

  contents(): Uint8Array {
    return this.mem.u8.slice(this.data, this.tail);
  }

  /** First `length` bytes from the data on; null when there are fewer. */
  packetBytes(length: number): Uint8Array | null {
    return length > this.length ? null : this.mem.u8.slice(this.data, this.data + length);
  }

  /** 16 bits at an address, as the kernel reads a header field without swapping it. */
  u16(at: number): number {
    return this.mem.u8[at]! | (this.mem.u8[at + 1]! << 8);
  }

  setU16(at: number, value: number): void {
    this.mem.u8[at] = value;
    this.mem.u8[at + 1] = value >>> 8;
  }

  /** skb_transport_offset; 0 when the header was never set. */
  get transportOffset(): number {
    return this.transport === UNSET ? 0 : this.head + this.transport - this.data;
  }

  setTransport(at: number): void {
    this.transport = (at - this.head) & 0xffff;
  }

  get transportIsNetwork(): boolean {
    return this.transport === ((this.net - this.head) & 0xffff);
  }

  /** skb_cow, skb_cow_head: makes room for `bytes` before the data, moving the packet when it must; false when it cannot. */
  ensureHeadroom(bytes: number): boolean {
    const missing = bytes - (this.data - this.head);
    if (missing > 0) {
      const grown = Math.ceil(missing / NET_SKB_PAD) * NET_SKB_PAD;
      this.head -= grown;
      this.transport = (this.transport + grown) & 0xffff;
    }
    if (this.data - bytes >= PACKET_BASE) return true;
    const shift = bytes + ROOM;
    if (this.tail + shift > PACKET_BASE + PACKET_SIZE) return false;
    this.mem.u8.copyWithin(PACKET_BASE + shift, PACKET_BASE, this.tail);
    this.head += shift;
    this.data += shift;
    this.tail += shift;
    this.mac += shift;
    this.net += shift;
    return true;
  }

  /** __skb_grow: zeroed bytes at the end; false when the area is too small. */
  grow(bytes: number): boolean {
    if (this.tail + bytes > PACKET_BASE + PACKET_SIZE) return false;
    this.mem.u8.fill(0, this.tail, this.tail + bytes);
    this.tail += bytes;
    return true;
  }

  /** csum_partial over a part of the buffer. */
  sumOf(at: number, bytes: number): number {
    return csumPartial(this.mem.u8, at, bytes, 0);
  }

  /** Sum over everything from the network header on, as BPF_PROG_RUN sets and checks it. */
  sumFromNetwork(): number {
    return this.sumOf(this.net, this.tail - this.net);
  }

  /** __skb_postpull_rcsum: bytes at `offset` from the data leave the complete sum. */
  sumWithout(at: number, bytes: number, offset: number): void {
    if (this.ipSummed === SUMMED.COMPLETE) this.csum = csumBlockSub(this.csum, this.sumOf(at, bytes), offset);
  }

  /** __skb_postpush_rcsum: bytes at `offset` from the data join the complete sum. */
  sumWith(at: number, bytes: number, offset: number): void {
    if (this.ipSummed === SUMMED.COMPLETE) this.csum = csumBlockAdd(this.csum, this.sumOf(at, bytes), offset);
  }

  /** skb_postpull_rcsum: negates, adds and negates again, in 32 bits. */
  pulledFromSum(at: number, bytes: number): void {
    if (this.ipSummed !== SUMMED.COMPLETE) return;
    this.csum = -csumPartial(this.mem.u8, at, bytes, -this.csum >>> 0) >>> 0;
  }

  /** __skb_reset_checksum_unnecessary */
  resetChecksumUnnecessary(): void {
    if (this.ipSummed !== SUMMED.UNNECESSARY) return;
    this.ipSummed = SUMMED.NONE;
    this.csumLevel = 0;
  }

  clearHash(): void {
    this.hash = 0;
    this.hashKnown = false;
  }
}
