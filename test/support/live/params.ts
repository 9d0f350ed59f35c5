/** What live frame mode says to its attributes (the contract's 11.1), as data: the call, and what comes back. */
import type { ProgRunOpts } from '../../../engine/index.ts';

const LIVE = 2;

/** struct xdp_md by its fields; data_end is the packet's size where it is not given. */
function md(
  size: number,
  fields: Partial<Record<'data' | 'data_end' | 'data_meta' | 'ingress' | 'queue' | 'egress', number>> = {},
): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  const { data = 0, data_end = size, data_meta = 0, ingress = 0, queue = 0, egress = 0 } = fields;
  for (const [i, value] of [data, data_end, data_meta, ingress, queue, egress].entries())
    view.setUint32(i * 4, value, true);
  return new Uint8Array(view.buffer);
}

export interface ParamRow {
  readonly name: string;
  readonly opts: ProgRunOpts;
  readonly errno: number;
}

const packet = (size: number): Uint8Array => new Uint8Array(size);
const base = { data_in: packet(64), flags: LIVE, repeat: 1, data_out: false };
const [ENOSPC, E2BIG, EINVAL, ENODEV] = [28, 7, 22, 19];

export const PARAM_ROWS: readonly ParamRow[] = [
  { name: 'repeat 0', opts: { ...base, repeat: 0 }, errno: 0 },
  ...[0, 1, 64, 255, 256].map((batch_size) => ({
    name: `batch_size ${batch_size}`,
    opts: { ...base, batch_size },
    errno: 0,
  })),
  ...[257, 300, 0xffff_ffff].map((batch_size) => ({
    name: `batch_size ${batch_size}`,
    opts: { ...base, batch_size },
    errno: E2BIG,
  })),
  { name: 'batch_size without live frames', opts: { ...base, flags: 0, batch_size: 1 }, errno: EINVAL },
  ...[1, 4, 8, 0x8000_0000].map((bit) => ({
    name: `flag ${bit} beside`,
    opts: { ...base, flags: (LIVE | bit) >>> 0 },
    errno: EINVAL,
  })),
  { name: 'cpu is ignored', opts: { ...base, cpu: 99 }, errno: 0 },
  ...[14, 64, 1500, 3408].map((size) => ({
    name: `${size} bytes`,
    opts: { ...base, data_in: packet(size) },
    errno: 0,
  })),
  ...[1, 13, 3409, 4096].map((size) => ({
    name: `${size} bytes`,
    opts: { ...base, data_in: packet(size) },
    errno: EINVAL,
  })),
  { name: 'ctx_out', opts: { ...base, ctx_in: md(64), ctx_size_out: 24 }, errno: EINVAL },
  { name: 'ctx_out alone', opts: { ...base, ctx_size_out: 24 }, errno: EINVAL },
  { name: 'data_out with ctx_in', opts: { ...base, ctx_in: md(64), data_out: true }, errno: EINVAL },
  { name: 'data_out without ctx_in', opts: { ...base, data_out: true }, errno: 0 },
  { name: 'data_size_out with ctx_in', opts: { ...base, ctx_in: md(64), data_size_out: 100 }, errno: 0 },
  { name: 'room for 20 bytes', opts: { ...base, data_out: true, data_size_out: 20 }, errno: ENOSPC },
  { name: 'room for 20 bytes that nobody wants', opts: { ...base, data_size_out: 20 }, errno: ENOSPC },
  { name: 'data_end behind the packet', opts: { ...base, ctx_in: md(64, { data_end: 65 }) }, errno: EINVAL },
  { name: 'data_end inside of the packet', opts: { ...base, ctx_in: md(64, { data_end: 63 }) }, errno: EINVAL },
  { name: 'data_meta', opts: { ...base, ctx_in: md(64, { data_meta: 4 }) }, errno: EINVAL },
  ...[0, 4, 36, 48].map((data) => ({
    name: `metadata of ${data} bytes`,
    opts: { ...base, ctx_in: md(64, { data }) },
    errno: 0,
  })),
  ...[2, 52, 64, 68].map((data) => ({
    name: `metadata of ${data} bytes`,
    opts: { ...base, ctx_in: md(64, { data }) },
    errno: EINVAL,
  })),
  { name: 'metadata of 216 bytes', opts: { ...base, data_in: packet(300), ctx_in: md(300, { data: 216 }) }, errno: 0 },
  {
    name: 'metadata of 220 bytes',
    opts: { ...base, data_in: packet(300), ctx_in: md(300, { data: 220 }) },
    errno: EINVAL,
  },
  {
    name: '3416 bytes, 8 of them metadata',
    opts: { ...base, data_in: packet(3416), ctx_in: md(3416, { data: 8 }) },
    errno: 0,
  },
  {
    name: '3417 bytes, 8 of them metadata',
    opts: { ...base, data_in: packet(3417), ctx_in: md(3417, { data: 8 }) },
    errno: EINVAL,
  },
  { name: 'egress_ifindex', opts: { ...base, ctx_in: md(64, { egress: 1 }) }, errno: EINVAL },
  { name: 'a device that is not there', opts: { ...base, ctx_in: md(64, { ingress: 999_999 }) }, errno: ENODEV },
  { name: 'a queue without a device', opts: { ...base, ctx_in: md(64, { queue: 1 }) }, errno: EINVAL },
  {
    name: 'a queue that the device has not got',
    opts: { ...base, ctx_in: md(64, { ingress: 1, queue: 1 }) },
    errno: EINVAL,
  },
  { name: 'loopback', opts: { ...base, ctx_in: md(64, { ingress: 1 }) }, errno: 0 },
  { name: 'a context of 23 zeros more', opts: { ...base, ctx_in: Uint8Array.of(...md(64), ...packet(23)) }, errno: 0 },
  { name: 'a context with a byte more', opts: { ...base, ctx_in: Uint8Array.of(...md(64), 1) }, errno: E2BIG },
  { name: 'a context of 4 bytes', opts: { ...base, ctx_in: packet(4) }, errno: EINVAL },
  {
    name: 'a batch too large and a packet too short',
    opts: { ...base, batch_size: 257, data_in: packet(1) },
    errno: E2BIG,
  },
];
