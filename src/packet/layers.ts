/** What a dissected packet is made of, and the builder that header readers fill: layers of named fields with byte ranges. */
import { toHex } from './hex.ts';

export interface Field {
  /** Name in the kernel's header struct: `h_dest`, `ttl`, `saddr`. */
  readonly name: string;
  readonly value: string;
  /** Bytes it lies in, from the start of the packet; bit fields share bytes. */
  readonly start: number;
  readonly end: number;
}

export interface Layer {
  /** `eth`, `ipv4`, `tcp`, …; `payload` for what no reader knows. */
  readonly proto: string;
  readonly start: number;
  readonly end: number;
  readonly fields: readonly Field[];
  /** One line for people: `10.0.0.1 → 10.0.0.2 ttl 64`. */
  readonly summary: string;
}

/** The IP header in force: what transport checksums cover. */
export interface IpScope {
  readonly version: 4 | 6;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** End of the IP packet, possibly beyond the captured bytes. */
  readonly end: number;
  readonly fragment: boolean;
}

export interface Packet {
  readonly bytes: Uint8Array;
  ip: IpScope | null;
}

/** A layer and the reader for what follows it; `limit` ends the data (padding lies behind it). */
export interface Step {
  readonly layer: Layer;
  readonly next: string | null;
  readonly limit: number;
}

/** Reads the header at `at`; null when fewer than its bytes are there or it is not one. */
export type HeaderReader = (packet: Packet, at: number, limit: number) => Step | null;

export class LayerBuilder {
  private readonly fields: Field[] = [];
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private readonly proto: string;
  private readonly at: number;

  constructor(packet: Packet, proto: string, at: number) {
    this.bytes = packet.bytes;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.proto = proto;
    this.at = at;
  }

  u8(offset: number): number {
    return this.view.getUint8(this.at + offset);
  }
  u16(offset: number): number {
    return this.view.getUint16(this.at + offset);
  }
  u32(offset: number): number {
    return this.view.getUint32(this.at + offset);
  }
  slice(offset: number, size: number): Uint8Array {
    return this.bytes.subarray(this.at + offset, this.at + offset + size);
  }

  /** Adds a field of `size` bytes at `offset` in the header; gives its text back. */
  field(name: string, offset: number, size: number, value: string | number): string {
    const text = String(value);
    this.fields.push({ name, value: text, start: this.at + offset, end: this.at + offset + size });
    return text;
  }
  number(name: string, offset: number, size: 1 | 2 | 4): number {
    const value = size === 1 ? this.u8(offset) : size === 2 ? this.u16(offset) : this.u32(offset);
    this.field(name, offset, size, value);
    return value;
  }
  hex(name: string, offset: number, size: number): string {
    return this.field(name, offset, size, `0x${toHex(this.slice(offset, size))}`);
  }
  mac(name: string, offset: number): string {
    return this.field(name, offset, 6, macText(this.slice(offset, 6)));
  }
  ipv4(name: string, offset: number): string {
    return this.field(name, offset, 4, ipv4Text(this.slice(offset, 4)));
  }
  ipv6(name: string, offset: number): string {
    return this.field(name, offset, 16, ipv6Text(this.slice(offset, 16)));
  }

  layer(length: number, summary: string): Layer {
    return { proto: this.proto, start: this.at, end: this.at + length, fields: this.fields, summary };
  }
}

/** `0x0800`: `digits` hex digits with the prefix. */
export function hexNumber(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

export function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(':');
}

export function ipv4Text(bytes: Uint8Array): string {
  return bytes.join('.');
}

/** RFC 5952 text: the longest run of two or more zero groups is `::`. */
export function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);
  let best = { start: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > best.length) best = { start: i, length: n };
    i += n;
  }
  const hex = groups.map((g) => g.toString(16));
  if (best.start < 0) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}
