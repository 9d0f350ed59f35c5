/** What users write for bytes and for values of fields. */
import type { ListedLayer, PacketBuilder } from './packet/build.ts';

/**
 * Bytes: `hex:…` or bare hex digits (white space ignored), a Uint8Array, `{pcap: 'file', frame: 1}` (from 1; `'all'`: a case a frame), a packet
 * (`pkt.eth().ipv4().udp()`), or one as plain data: `{packet: ['eth', {ipv4: {ttl: 1}}, 'udp']}`.
 */
export type BytesSource =
  | string
  | Uint8Array
  | readonly number[]
  | { readonly pcap: string; readonly frame?: number | 'all' }
  | { readonly file: string }
  | { readonly packet: readonly ListedLayer[] }
  | PacketBuilder;

/** Values by BTF field names; numbers, bigint, strings (decimal or 0x…), arrays, objects; `{hex: '…'}` for raw bytes. */
export type FieldValue = unknown;
