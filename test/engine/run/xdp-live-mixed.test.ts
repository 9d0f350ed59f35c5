/** Live frames of all kinds in one batch, by chance: the generated loop and the TypeScript beside it count, send and leave the same. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import {
  type LiveReport,
  type LiveRun,
  type LoadedObject,
  loadObject,
  openLive,
  openObject,
} from '../../../engine/index.ts';
import { NETNS, u32 } from '../../support/live/engine.ts';
import { IFINDEX, XDP } from '../../support/live/scenario.ts';

const OBJECT = new URL('../../../fixtures/prog-run/xdp-live/mixed.bpf.o', import.meta.url);
const CPUS = 2;
const { a0, a1, b0, b1, c0, c1, d0, g0, g1, ifbx } = IFINDEX;
const FIRST = 20;
const PACKETS = 120;
const FRAMES = 2500;

/** xorshift32 from a seed: whole numbers below a bound. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A packet whose bytes say what each program on its way does, as struct wish of the fixture has them. */
function packetBy(random: (below: number) => number): Uint8Array {
  const one = <T>(of: readonly T[]): T => of[random(of.length)]!;
  const packet = new Uint8Array(one([64, 64, 65, 99, 512]));
  packet.set([2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
  const verdict = () => one([XDP.DROP, XDP.PASS, XDP.PASS, XDP.TX, XDP.REDIRECT, XDP.ABORTED, 9]);
  packet.set([one([0, 0, 1, 1, 2, 2, 2, 3, 4, 4, 5]), random(6), one([0, 0, 0, 2, 8, 8, 24, 5]), verdict()], FIRST);
  packet.set([verdict(), verdict(), verdict(), random(2)], FIRST + 4);
  packet.set(
    [one([0, 0, 0, -20, -4, 6]), one([0, 0, 0, 40, -8])].map((byte) => byte & 0xff),
    FIRST + 8,
  );
  packet.set(u32(one([a0, b0, b0, c0, d0, g0, ifbx, 999])), FIRST + 13);
  return packet;
}

function opened(seed: number, batch_size: number, generated: boolean): { run: LiveRun; object: LoadedObject } {
  const spec = openObject({ path: 'mixed.bpf.o', bytes: new Uint8Array(readFileSync(OBJECT)) });
  if (!spec.ok) throw new Error(spec.error.message);
  const loaded = loadObject(spec.value, { cpus: CPUS });
  if (!loaded.ok) throw new Error(loaded.error.message);
  const object = loaded.value;
  const program = (name: string) => {
    const found = object.program(name);
    if (!found.ok) throw new Error(found.error.message);
    return found.value;
  };
  const random = chance(seed);
  const md = new DataView(new ArrayBuffer(24));
  const packets = Array.from({ length: PACKETS }, () => packetBy(random));
  md.setUint32(4, packets[0]!.length, true);
  md.setUint32(12, a0, true);
  const pair = (dev: number, peer: number, gro = false) =>
    ({ dev, type: 'veth', peer: { netns: 'near', dev: peer, gro } }) as const;
  const run = openLive(object, 'mixed', {
    ...{ ctx_in: new Uint8Array(md.buffer), repeat: FRAMES, batch_size, netns: NETNS, generated },
    ...{ frames: { packets, order: 'random' }, env: { seed, cpus: CPUS } },
    links: [pair(a0, a1), pair(b0, b1), pair(c0, c1), pair(d0, IFINDEX.d1), pair(g0, g1, true)],
    xdp: [a1, b1, c1, IFINDEX.d1, a0].map((dev) => ({ netns: 'near', dev, program: program('arriving') }) as const),
  });
  if (!run.ok) throw new Error(run.error.message);
  const set = (map: string, key: number, value: number, prog: string | null): void => {
    const bytes = new Uint8Array([...u32(value), ...u32(prog === null ? 0 : program(prog).id)]);
    expect(object.map(map)!.userUpdate(u32(key), bytes, 0)).toBe(0);
  };
  [b0, g0, c0, d0, a0].forEach((dev, key) => {
    set('devices', key, dev, key % 2 === 0 ? 'leaving' : null);
    set('device_hash', key, dev, key % 2 === 1 ? 'leaving' : null);
  });
  set('cpus', 0, 64, 'on_cpu');
  set('cpus', 1, 8, null);
  object.map('sockets')!.userUpdate(u32(1), u32(0), 0);
  return { run: run.value, object };
}

function counted({ ns_per_frame: _ns, ...report }: LiveReport): object {
  return report;
}

const CASES = [1, 7, 16, 64, 256].flatMap((batch) => [1, 2].map((n) => [batch, batch * 1000 + n] as const));

test.each(CASES)('batch of %p, seed %p', (batch, seed) => {
  const [plain, fast] = [opened(seed, batch, false), opened(seed, batch, true)];
  plain.run.runFor({});
  fast.run.runFor({});
  const report = plain.run.report();
  expect(counted(fast.run.report())).toEqual(counted(report));
  // Everything came about that this is for.
  expect(report.tracepoints.map((one) => one.name)).toContain('xdp_cpumap_kthread');
  expect(report.page_pool.in_flight).toBe(0);
  expect(report.frames).toBe(FRAMES);
});

test('the same bytes leave and go up, from the same frames', () => {
  const caught = (generated: boolean) => {
    const { run } = opened(77, 64, generated);
    for (const dev of [a0, b0, g0, c0]) run.capture.onDevice('near', dev, { limit: FRAMES });
    run.capture.onStack('near', { limit: FRAMES });
    run.capture.onSockets();
    run.runFor({});
    return run.capture.take().map(({ data, ...rest }) => ({ ...rest, data: Buffer.from(data).toString('hex') }));
  };
  const frames = caught(true);
  expect(frames.length).toBeGreaterThan(500);
  expect(frames).toEqual(caught(false));
});
