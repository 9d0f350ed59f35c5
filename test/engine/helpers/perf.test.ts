/** bpf_perf_event_output: return values and samples recorded on the real kernel. */
import { expect, test } from 'bun:test';
import { PERF_HELPERS } from '../../../engine/helpers/perf.ts';
import type { RunCtx } from '../../../engine/helpers/run-ctx.ts';
import { FAULT } from '../../../engine/layout.ts';
import { hexOf, mapWorld, readTable, VALUE } from '../../support/map-world.ts';

/** The recording's packet: u32 0, u32 size, u64 flags, 16 zeros, bytes 0 to 31. */
function packetOf(size: number, flags: bigint): Uint8Array {
  const packet = new Uint8Array(64);
  const view = new DataView(packet.buffer);
  view.setUint32(4, size, true);
  view.setBigUint64(8, flags, true);
  for (let i = 0; i < 32; i++) packet[32 + i] = i;
  return packet;
}

/** As perf's ring keeps a sample: with its size word, padded to 8 bytes. */
function padded(data: Uint8Array): string {
  const sample = new Uint8Array(Math.ceil((data.length + 4) / 8) * 8 - 4);
  sample.set(data);
  return hexOf(sample);
}

function perfWorld(cpus: number) {
  const world = mapWorld(cpus);
  const map = world.make('PERF_EVENT_ARRAY', { value_size: 4, max_entries: 4, name: 'events' });
  const call = world.helpers(PERF_HELPERS).perf_event_output!;
  world.mem.u8.set([1, 2, 3], VALUE);
  const output = (size: number, flags: bigint) =>
    call(0, map.handle, Number(BigInt.asIntN(32, flags)), Number(BigInt.asIntN(32, flags >> 32n)), VALUE, size);
  return { world, map, call, output };
}

test('every recorded call gives the kernel’s errno and sample', () => {
  const rows = readTable(new URL('./kernel-perf.txt', import.meta.url));
  expect(rows.length).toBeGreaterThan(40);
  for (const [program, size, flagsText, errno, sample] of rows) {
    const { world, output } = perfWorld(2);
    const flags = BigInt(flagsText!);
    const packet = packetOf(Number(size), flags);
    const rc: RunCtx = world.rc;
    // Only whether there is a packet matters here, not what kind of buffer it is in.
    if (program === 'xdp') rc.xdp = {} as NonNullable<RunCtx['xdp']>;
    else rc.skb = {} as NonNullable<RunCtx['skb']>;
    rc.packetBytes = (length) => (length <= packet.length ? packet.slice(0, length) : null);
    const row = `${program} ${size} ${flagsText}`;
    expect(`${row} ${output(Number(size), flags)}`).toBe(`${row} ${errno}`);
    const records = rc.records.map((r) => `${r.map} ${r.kind} ${r.cpu} ${padded(r.data)}`);
    expect(records).toEqual(errno === '0' ? [`events perf 0 ${sample}`] : []);
  }
});

test('programs without a packet cannot ask for any of it', () => {
  const { world, output } = perfWorld(1);
  expect([output(8, 0xffff_ffffn), output(8, 0x1_ffff_ffffn), output(3, 0n)]).toEqual([0, -22, 0]);
  expect(world.rc.records.map((r) => r.data.length)).toEqual([8, 3]);
});

test('slots beyond the CPUs have no event', () => {
  const { output } = perfWorld(1);
  expect([output(8, 1n), output(8, 3n), output(8, 4n)]).toEqual([-2, -2, -7]);
});

test('bad pointers and other maps are faults', () => {
  const { world, map, call } = perfWorld(1);
  call(0, map.handle, -1, 0, 0, 8);
  call(0, world.make('ARRAY').handle, -1, 0, VALUE, 8);
  expect(world.faults.map((f) => f.kind)).toEqual([FAULT.NULL_POINTER, FAULT.BAD_ARGUMENT]);
});
