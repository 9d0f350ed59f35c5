/** Bytes to layers of named header fields: follows each header to the next until the rest is payload. */

import { readAuthentication, readDestination, readFragment, readHopByHop, readRouting } from './extension.ts';
import { readIcmp, readIcmpv6 } from './icmp.ts';
import type { Field, HeaderReader, Layer, Packet } from './layers.ts';
import { readArp, readEthernet, readMpls, readQinq, readVlan } from './link.ts';
import { readIpv4, readIpv6 } from './network.ts';
import { readChunk, readSctp } from './sctp.ts';
import { readTcp, readUdp } from './transport.ts';
import { readGeneve, readGre, readGtpu, readVxlan } from './tunnel.ts';

const READERS: Readonly<Record<string, HeaderReader>> = {
  eth: readEthernet,
  vlan: readVlan,
  qinq: readQinq,
  mpls: readMpls,
  arp: readArp,
  ipv4: readIpv4,
  ipv6: readIpv6,
  hopopts: readHopByHop,
  routing: readRouting,
  dstopts: readDestination,
  fragment: readFragment,
  ah: readAuthentication,
  tcp: readTcp,
  udp: readUdp,
  icmp: readIcmp,
  icmpv6: readIcmpv6,
  sctp: readSctp,
  chunk: readChunk,
  gre: readGre,
  vxlan: readVxlan,
  geneve: readGeneve,
  gtpu: readGtpu,
};

/** A hostile packet can chain headers for ever (MPLS labels, empty extensions): deeper ones are payload. */
const LAYERS_MAX = 32;

export interface DissectOptions {
  /** First header; Ethernet unless said. */
  readonly first?: 'eth' | 'ipv4' | 'ipv6';
  /** Bytes of XDP metadata in front of the first header. */
  readonly meta_bytes?: number;
}

function blob(proto: string, start: number, end: number, summary = `${end - start} bytes`): Layer {
  const fields: readonly Field[] = end > start ? [{ name: 'bytes', value: `${end - start} bytes`, start, end }] : [];
  return { proto, start, end, fields, summary };
}

export function dissect(bytes: Uint8Array, options: DissectOptions = {}): Layer[] {
  const packet: Packet = { bytes, ip: null };
  const layers: Layer[] = [];
  const meta = Math.min(options.meta_bytes ?? 0, bytes.length);
  if (meta > 0) layers.push(blob('meta', 0, meta));
  let at = meta;
  let limit = bytes.length;
  let next: string | null = options.first ?? 'eth';
  while (next !== null && at < limit && layers.length < LAYERS_MAX) {
    const step: ReturnType<HeaderReader> = READERS[next]?.(packet, at, limit) ?? null;
    if (!step) {
      layers.push(blob('payload', at, limit, `${limit - at} bytes, no whole ${next} header`));
      at = limit;
      break;
    }
    layers.push(step.layer);
    at = step.layer.end;
    limit = Math.max(at, Math.min(limit, step.limit));
    next = step.next;
  }
  if (at < limit) layers.push(blob('payload', at, limit));
  if (limit < bytes.length) layers.push(blob('padding', limit, bytes.length));
  return layers;
}

/** `ipv4.ttl` for a byte offset, `ipv4[2].ttl` in the second header of that kind (fields that repeat alike), `payload+12` outside of headers. */
export function fieldAt(layers: readonly Layer[], offset: number): string {
  const layer = layers.find((l) => offset >= l.start && offset < l.end);
  if (!layer) return `byte ${offset}`;
  const nth = layers.filter((l) => l.proto === layer.proto && l.start <= layer.start).length;
  const name = nth > 1 ? `${layer.proto}[${nth}]` : layer.proto;
  if (layer.proto === 'payload' || layer.proto === 'padding' || layer.proto === 'meta') {
    return `${name}+${offset - layer.start}`;
  }
  const index = layer.fields.findIndex((f) => offset >= f.start && offset < f.end);
  const field = layer.fields[index];
  if (!field) return `${name}+${offset - layer.start}`;
  const same = layer.fields.slice(0, index + 1).filter((f) => f.name === field.name).length;
  return `${name}.${field.name}${same > 1 ? `[${same}]` : ''}`;
}
