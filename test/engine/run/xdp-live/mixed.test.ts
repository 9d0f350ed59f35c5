/** Live frames of all kinds in one batch, by chance: the generated loop and the TypeScript beside it count, send and leave the same. */
import { expect, test } from 'bun:test';
import { type LiveReport, type LiveRun, type LoadedObject, openLive } from '../../../../engine/index.ts';
import { u32 } from '../../../support/live/engine.ts';
import { type Chance, chance, loadMixed, mixedLinks, programOf, wishBy } from '../../../support/live/mixed.ts';
import { IFINDEX } from '../../../support/live/scenario.ts';

const CPUS = 2;
const { a0, b0, c0, d0, g0 } = IFINDEX;
/** Where struct wish stands in a packet. */
const FIRST = 20;
const PACKETS = 120;
const FRAMES = 2500;

/** A packet that says by its bytes what each program on its way does. */
function packetBy(random: Chance): Uint8Array {
  const packet = new Uint8Array([64, 64, 65, 99, 512][random(5)]!);
  packet.set([2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, 0x88, 0xb5]);
  packet.set(wishBy(random, [0, 0, 1, 1, 2, 2, 2, 3, 4, 4, 5], [0, 0, 0, -20, -4, 6]), FIRST);
  return packet;
}

function opened(seed: number, batch_size: number, generated: boolean): { run: LiveRun; object: LoadedObject } {
  const object = loadMixed();
  const random = chance(seed);
  const md = new DataView(new ArrayBuffer(24));
  const packets = Array.from({ length: PACKETS }, () => packetBy(random));
  md.setUint32(4, packets[0]!.length, true);
  md.setUint32(12, a0, true);
  const run = openLive(object, 'mixed', {
    ...{ ctx_in: new Uint8Array(md.buffer), repeat: FRAMES, batch_size, ...mixedLinks(object), generated },
    ...{ frames: { packets, order: 'random' }, env: { seed, cpus: CPUS } },
  });
  if (!run.ok) throw new Error(run.error.message);
  const set = (map: string, key: number, value: number, prog: string | null): void => {
    const bytes = new Uint8Array([...u32(value), ...u32(prog === null ? 0 : programOf(object, prog).id)]);
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
  // A far end is woken by a flush that sends: where its device's program drops all of the last frames, those before wait.
  expect(report.page_pool.in_flight).toBeLessThan(16);
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
