/** Header readers of SCTP: the common header, and each chunk as a layer of its own. */
import { sctpChecksum } from './checksum.ts';
import { type HeaderReader, hexNumber, LayerBuilder } from './layers.ts';
import { namedText, nameIn, SCTP_CHUNKS } from './protocols.ts';

export const readSctp: HeaderReader = (packet, at, limit) => {
  if (limit - at < 12) return null;
  const b = new LayerBuilder(packet, 'sctp', at);
  const source = b.number('source', 0, 2);
  const dest = b.number('dest', 2, 2);
  b.hex('vtag', 4, 4);
  b.field('checksum', 8, 4, sctpChecksum(packet, at));
  return { layer: b.layer(12, `${source} → ${dest}`), next: limit - at > 12 ? 'chunk' : null, limit };
};

type FieldRow = readonly [name: string, size: 2 | 4];

/** Fixed fields behind type, flags and length (RFC 9260, section 3.3); what follows is `value`. */
export const CHUNK_FIELDS: { readonly [type: number]: readonly FieldRow[] } = {
  0: [
    ['tsn', 4],
    ['stream', 2],
    ['ssn', 2],
    ['ppid', 4],
  ],
  1: initFields(),
  2: initFields(),
  3: [
    ['cum_tsn_ack', 4],
    ['a_rwnd', 4],
    ['num_gap_ack_blocks', 2],
    ['num_dup_tsns', 2],
  ],
  7: [['cum_tsn_ack', 4]],
};

function initFields(): readonly FieldRow[] {
  return [
    ['init_tag', 4],
    ['a_rwnd', 4],
    ['num_outbound_streams', 2],
    ['num_inbound_streams', 2],
    ['initial_tsn', 4],
  ];
}

/** A chunk's length leaves out the padding to four bytes. */
export const readChunk: HeaderReader = (packet, at, limit) => {
  if (limit - at < 4) return null;
  const b = new LayerBuilder(packet, 'chunk', at);
  const type = b.u8(0);
  const length = b.u16(2);
  if (length < 4 || at + length > limit) return null;
  b.field('type', 0, 1, namedText(type, nameIn(SCTP_CHUNKS, type)));
  b.field('flags', 1, 1, hexNumber(b.u8(1), 2));
  b.number('length', 2, 2);
  let used = 4;
  for (const [name, size] of CHUNK_FIELDS[type] ?? []) {
    if (used + size > length) break;
    b.number(name, used, size);
    used += size;
  }
  if (used < length) b.hex('value', used, length - used);
  const padded = Math.min(limit - at, Math.ceil(length / 4) * 4);
  const layer = b.layer(padded, `${nameIn(SCTP_CHUNKS, type) ?? `type ${type}`} ${length} bytes`);
  return { layer, next: at + padded < limit ? 'chunk' : null, limit };
};
