/** A live run as a screen drives it: steps, sizes, counters, captures, links, sockets, faults on purpose and faults of programs. */
import { describe, expect, test } from 'bun:test';
import { type LiveOpts, type LiveRun, type LoadedObject, loadObject, openLive } from '../../../../engine/index.ts';
import { bytesIn, openFixture } from '../../../support/fixture-object.ts';
import { loadLive, NETNS, openScenario, u32 } from '../../../support/live/engine.ts';
import { IFINDEX, MODE, type Scenario, XDP } from '../../../support/live/scenario.ts';

function opened(
  globals: Scenario['globals'],
  more: Partial<Scenario> = {},
  generated = true,
): { run: LiveRun; object: LoadedObject } {
  const object = loadLive();
  return { object, run: openScenario(object, { name: '', globals, repeat: 1000, ...more }, generated) };
}

const TX = { verdicts: [XDP.TX], peer_verdict: XDP.DROP };

describe('driving', () => {
  test('steps end at batch edges, the last batch is what is left', () => {
    const { run } = opened(TX, { batch_size: 64 });
    expect(run.step()).toBe(64);
    expect(run.step(3)).toBe(192);
    expect(run.runFor({ frames: 10 })).toBe(10);
    expect(run.runFor({})).toBe(734);
    expect([run.frames, run.done, run.step()]).toEqual([1000, true, 0]);
  });

  test('forever is forever, in time slices', () => {
    const { run } = opened(TX, { repeat: Infinity });
    expect(run.runFor({ ms: 300 })).toBeGreaterThan(64);
    expect(run.done).toBe(false);
    run.close();
    expect([run.done, run.runFor({ ms: 5 })]).toEqual([true, 0]);
  });

  test('another batch size from the next batch on; the pool keeps its pages as far as its ring has room', () => {
    const { run } = opened({ verdicts: [XDP.DROP] }, { batch_size: 64 });
    run.step(2);
    run.batch_size = 8;
    expect(run.step()).toBe(8);
    const { page_pool } = run.report();
    expect(page_pool.in_pool + page_pool.in_flight + page_pool.released).toBe(page_pool.allocated);
    expect(page_pool.in_flight).toBe(0);
    for (const size of [0, 257, 1.5]) {
      expect(() => {
        run.batch_size = size;
      }).toThrow(RangeError);
    }
  });

  test('the cancel word ends it with EINTR', () => {
    const object = loadLive();
    const cancel = new Int32Array(new SharedArrayBuffer(4));
    const run = openLive(object, 'scripted', { data_in: new Uint8Array(64), repeat: Infinity, cancel });
    if (!run.ok) throw new Error(run.error.message);
    run.value.step();
    Atomics.store(cancel, 0, 1);
    run.value.runFor({ ms: 1000 });
    expect([run.value.errno, run.value.done]).toEqual([4, true]);
  });

  test('what is wrong with the description is said', () => {
    const object = loadLive();
    const refused = (opts: Partial<LiveOpts>) => {
      const run = openLive(object, 'scripted', { data_in: new Uint8Array(64), netns: NETNS, ...opts });
      return run.ok ? '' : run.error.message;
    };
    expect(refused({ links: [{ dev: 7, type: 'ifb' }] })).toContain('ifindex 7');
    expect(refused({ links: [{ dev: IFINDEX.a0, type: 'veth' }] })).toContain('peer');
    const peer = { netns: 'near' as const, dev: IFINDEX.a1 };
    const twice = { dev: IFINDEX.a0, type: 'veth' as const, peer };
    expect(refused({ links: [twice, twice] })).toContain('two links');
    expect(refused({ xdp: [{ dev: IFINDEX.ifbx, program: 'drop' }] })).toContain('no veth');
    expect(refused({ sockets: [{ socket: 3 }] })).toContain('no UDP socket 3');
    expect(refused({ pages: 2 ** 24 })).toContain('no room');
  });
});

describe('numbers', () => {
  test.each([true, false])('shared counters say what the report says (generated code: %p)', (generated) => {
    const { run } = opened({ verdicts: [XDP.TX, XDP.PASS, XDP.DROP, 9], peer_verdict: XDP.DROP }, {}, generated);
    run.runFor({});
    const report = run.report();
    const at = (name: string) => run.counters.values[run.counters.names.indexOf(name)];
    expect(report.verdicts).toEqual({ aborted: 0, drop: 250, pass: 250, tx: 250, redirect: 0, unknown: 250 });
    expect([at('frames'), at('drop'), at('pass'), at('tx'), at('unknown')]).toEqual([1000, 250, 250, 250, 250]);
    expect(at(`near:${IFINDEX.a1}.rx_packets`)).toBe(250);
    expect(at('near.UNHANDLED_PROTO')).toBe(250);
    expect(run.counters.values.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(report.page_pool).toMatchObject({ allocated: at('allocated'), in_flight: 0 });
    run.zero();
    expect([at('frames'), at('near.UNHANDLED_PROTO'), run.report().tracepoints.length]).toEqual([0, 0, 0]);
  });

  test('every kind of event is counted, with the last one', () => {
    const { run } = opened(
      { mode: MODE.DEVMAP, target: 2, peer_verdict: XDP.DROP },
      { devices: [{ key: 2, dev: 'b0' }] },
    );
    run.step();
    const redirect = run.report().tracepoints.find((one) => one.name === 'xdp_redirect');
    expect(redirect).toMatchObject({
      code: 0,
      count: 64,
      last: { ifindex: IFINDEX.a0, to_ifindex: IFINDEX.b0, map_index: 2 },
    });
    const xmit = run.report().tracepoints.find((one) => one.name === 'xdp_devmap_xmit');
    expect(xmit).toMatchObject({
      count: 4,
      last: { from_ifindex: IFINDEX.a0, to_ifindex: IFINDEX.b0, sent: 16, drops: 0 },
    });
  });

  test('maps may be changed between two steps', () => {
    const { run, object } = opened({ mode: MODE.DEVMAP, target: 2, peer_verdict: XDP.DROP });
    run.step();
    expect(run.report().verdicts.aborted).toBe(64);
    object.map('devices')!.userUpdate(u32(2), Uint8Array.of(...u32(IFINDEX.b0), ...u32(0)), 0);
    run.step();
    expect(run.report().verdicts.redirect).toBe(64);
    object.map('devices')!.userDelete(u32(2));
    run.step();
    expect(run.report().verdicts).toMatchObject({ aborted: 128, redirect: 64 });
  });
});

describe('captures', () => {
  test('frames that leave a device, one of so many, up to a limit', () => {
    const { run } = opened({ ...TX, tail: -4 });
    expect(run.capture.onDevice('near', 7)).toBe(false);
    expect(run.capture.onDevice('near', IFINDEX.a0, { every: 10, limit: 5 })).toBe(true);
    run.runFor({});
    const frames = run.capture.take();
    expect(frames.map(({ at, ifindex, data }) => [at, ifindex, data.length])).toEqual(
      new Array(5).fill(['xmit', IFINDEX.a0, 60]),
    );
    expect(frames.map((one) => one.data[50])).toEqual([1, 1, 1, 1, 1]);
    expect(run.capture.take()).toEqual([]);
  });

  test('frames that go up into the stack, until it is enough', () => {
    const { run } = opened({ verdicts: [XDP.PASS] });
    run.capture.onStack('near', { limit: 3 });
    run.step();
    expect(run.capture.take()).toHaveLength(3);
    run.capture.stop();
    run.step();
    expect(run.capture.take()).toEqual([]);
  });

  test('frames that reach an AF_XDP socket of the right queue', () => {
    const { run, object } = opened({ mode: MODE.XSKMAP, target: 1 });
    object.map('sockets')!.userUpdate(u32(1), u32(0), 0);
    run.capture.onSockets({ limit: 2 });
    run.step();
    expect(run.report().xsk).toEqual([{ map: 'sockets', key: 1, queue: 0, received: 64 }]);
    expect(run.capture.take().map((one) => [one.at, one.data.length])).toEqual([
      ['xsk', 64],
      ['xsk', 64],
    ]);
    object.map('sockets')!.userUpdate(u32(1), u32(3), 0);
    run.step();
    expect(run.report().tracepoints.find((one) => one.name === 'xdp_redirect_err')).toMatchObject({
      code: 22,
      count: 64,
    });
  });

  test('events one by one while they are recorded, none afterwards', () => {
    const { run } = opened(TX, { batch_size: 8 });
    run.recordEvents(1000);
    run.step();
    run.recordEvents(0);
    run.step();
    const names = run.takeEvents().map((one) => one.name);
    expect(names.filter((name) => name === 'xdp_redirect')).toHaveLength(8);
    expect(names.at(-1)).toBe('xdp_devmap_xmit');
  });
});

describe('what goes wrong', () => {
  test('a link that goes down and comes back', () => {
    const { run } = opened(TX);
    run.step();
    run.setLink('near', IFINDEX.a0, false);
    run.step();
    expect(run.report().tracepoints.find((one) => one.name === 'xdp_redirect_err')).toMatchObject({
      code: 100,
      count: 64,
    });
    run.setLink('near', IFINDEX.a0, true);
    run.setLink('near', IFINDEX.a1, false);
    run.step();
    expect(run.report().tracepoints.find((one) => one.name === 'xdp_devmap_xmit' && one.code === 6)).toMatchObject({
      count: 4,
    });
    run.setLink('near', IFINDEX.a1, true);
    run.step();
    expect(run.report().devices.find((one) => one.ifindex === IFINDEX.a1)).toMatchObject({ rx_packets: 128, up: true });
    expect(run.setLink('near', 7, true)).toBe(false);
  });

  const planned = (faults: NonNullable<LiveOpts['faults']>, globals: Scenario['globals'] = TX): LiveRun => {
    const object = loadLive();
    openScenario(object, { name: '', globals, repeat: 1 }, true);
    const ctx_in = new Uint8Array(24);
    new DataView(ctx_in.buffer).setUint32(4, 64, true);
    new DataView(ctx_in.buffer).setUint32(12, IFINDEX.a0, true);
    const run = openLive(object, 'scripted', {
      ...{ data_in: new Uint8Array(64), ctx_in, repeat: 1000, batch_size: 256, netns: NETNS, faults },
      links: [{ dev: IFINDEX.a0, type: 'veth', peer: { netns: 'near', dev: IFINDEX.a1 } }],
      xdp: [{ dev: IFINDEX.a1, program: 'drop' }],
    });
    if (!run.ok) throw new Error(run.error.message);
    return run.value;
  };

  test('pages that cannot be had end the run with ENOMEM; what was queued is sent', () => {
    const run = planned({ alloc: [2] });
    expect(run.runFor({})).toBe(128);
    expect([run.errno, run.done]).toEqual([12, true]);
    expect(run.report().devices.find((one) => one.ifindex === IFINDEX.a1)?.rx_packets).toBe(128);
  });

  test('a device that goes down at a frame, and comes back at another: those between are refused, to the frame', () => {
    const run = planned({
      link: [
        { dev: IFINDEX.a0, at_frame: 500, up: false },
        { dev: IFINDEX.a0, at_frame: 901, up: true },
      ],
    });
    run.capture.onDevice('near', IFINDEX.a0);
    run.runFor({});
    const lost = run.report().tracepoints.find((one) => one.name === 'xdp_redirect_err');
    expect(lost).toMatchObject({ code: 100, count: 401 });
    const left = Array.from({ length: 1000 }, (_, i) => i).filter((i) => i < 500 || i >= 901);
    expect(run.capture.take().map((one) => one.frame)).toEqual(left);
  });

  test('a ring that takes nothing from a frame on: what is flushed after it is dropped', () => {
    const run = planned({ ring: [{ dev: IFINDEX.a1, at_frame: 300, full: true }] });
    run.runFor({});
    // Frames 288 to 299 wait for the flush that frame 304 brings.
    expect(run.report().devices.find((one) => one.ifindex === IFINDEX.a0)).toMatchObject({
      xdp_xmit: 288,
      xdp_xmit_drops: 712,
    });
    expect(run.report().tracepoints.find((one) => one.name === 'xdp_devmap_xmit')).toMatchObject({
      code: 0,
      last: { sent: 0, drops: 8 },
    });
  });

  test('no page for a frame, by plan or on request', () => {
    const run = planned({ page_at_frame: 777 });
    expect([run.runFor({}), run.errno]).toEqual([777, 12]);
    const other = planned({});
    other.step();
    other.failPage();
    expect([other.runFor({}), other.errno, other.frames]).toEqual([0, 12, 256]);
  });

  test.each([true, false])('two ends that send back for ever: the run goes on (generated code: %p)', (generated) => {
    const cancel = new Int32Array(new SharedArrayBuffer(4));
    const ctx_in = new Uint8Array(24);
    new DataView(ctx_in.buffer).setUint32(4, 64, true);
    new DataView(ctx_in.buffer).setUint32(12, IFINDEX.a0, true);
    const object = loadLive();
    openScenario(object, { name: '', globals: TX, repeat: 1 }, true);
    const tx = (dev: number) => ({ netns: 'near', dev, program: 'tx' }) as const;
    const run = openLive(object, 'scripted', {
      ...{ data_in: new Uint8Array(64), ctx_in, repeat: Infinity, batch_size: 8, netns: NETNS, cancel, generated },
      links: [{ dev: IFINDEX.a0, type: 'veth', peer: { netns: 'near', dev: IFINDEX.a1 } }],
      xdp: [tx(IFINDEX.a0), tx(IFINDEX.a1)],
    });
    if (!run.ok) throw new Error(run.error.message);
    for (const in_flight of [8, 16]) {
      expect(run.value.step()).toBe(8);
      expect(run.value.report().page_pool.in_flight).toBe(in_flight);
    }
    Atomics.store(cancel, 0, 1);
    run.value.runFor({});
    expect(run.value.errno).toBe(4);
  });

  test('faults name devices that there are', () => {
    expect(() => planned({ link: [{ dev: 7, at_frame: 0, up: false }] })).toThrow('ifindex 7');
    expect(() => planned({ ring: [{ dev: IFINDEX.ifbx, at_frame: 0, full: true }] })).toThrow('no veth');
  });

  test('a cpumap whose queue is too short drops what does not fit', () => {
    const { run } = opened(
      { mode: MODE.CPUMAP, target: 1 },
      { batch_size: 256, repeat: 256, cpus: [{ cpu: 1, qsize: 8 }] },
      false,
    );
    run.recordEvents(10_000);
    run.runFor({});
    const enqueued = run.takeEvents().filter((one) => one.name === 'xdp_cpumap_enqueue');
    expect(enqueued.map(({ fields }) => [fields.processed, fields.drops])).toEqual([
      [8, 0],
      ...new Array(31).fill([8, 8]),
    ]);
  });

  test('a socket that nobody reads holds its pages, up to its buffer, and gives them back when it is read', () => {
    const object = loadLive();
    openScenario(object, { name: '', globals: { verdicts: [XDP.PASS] }, repeat: 1 }, true);
    const ip = '4500002e00000000401166bd0a0000020a000001';
    const data_in = new Uint8Array(
      Buffer.from(
        `020000000001020000000002 0800 ${ip} 0001 0035 001a 0000`.replaceAll(' ', '').padEnd(120, '0'),
        'hex',
      ),
    );
    const ctx_in = new Uint8Array(24);
    new DataView(ctx_in.buffer).setUint32(4, data_in.length, true);
    new DataView(ctx_in.buffer).setUint32(12, 2, true);
    const run = openLive(object, 'scripted', {
      ...{ data_in, ctx_in, repeat: 640 },
      netns: {
        devices: [{ ifindex: 2, mac: '02:00:00:00:00:01', addresses: ['10.0.0.1/24'] }],
        sockets: [{ protocol: 'udp', local: '10.0.0.1:53' }],
      },
      sockets: [{ socket: 0, read: false, rcvbuf: 4240 * 100 }],
    });
    if (!run.ok) throw new Error(run.error.message);
    run.value.runFor({});
    expect(run.value.report().stacks.near).toMatchObject({ udp_delivered: 100, SOCKET_RCVBUFF: 540 });
    run.value.close();
    expect(run.value.report().page_pool).toMatchObject({ in_flight: 100, in_pool: 0 });
    expect(run.value.report().tracepoints.some((one) => one.name === 'mem_disconnect')).toBe(false);
    expect(run.value.readSocket('near', 0)).toBe(100);
    expect(run.value.report().page_pool).toMatchObject({ in_flight: 0 });
    expect(run.value.report().tracepoints.some((one) => one.name === 'mem_disconnect')).toBe(true);
  });

  test('copies that a broadcast makes come back too', () => {
    const { run } = opened(
      { mode: MODE.DEVMAP, target: 0, flags: 8, peer_verdict: XDP.DROP },
      {
        devices: [
          { key: 0, dev: 'a0' },
          { key: 1, dev: 'b0' },
          { key: 2, dev: 'g0' },
        ],
      },
    );
    run.runFor({});
    expect(run.report().page_pool.in_flight).toBe(0);
    expect(
      run
        .report()
        .devices.filter((one) => one.rx_packets === 1000)
        .map((one) => one.ifindex)
        .sort(),
    ).toEqual([IFINDEX.a1, IFINDEX.b1, IFINDEX.g1]);
  });

  test.each([true, false])('a program at fault ends the run and says where (generated code: %p)', (generated) => {
    const loaded = loadObject(openFixture('faults/packet-out-of-bounds'));
    if (!loaded.ok) throw new Error(loaded.error.message);
    const name = loaded.value.spec.programs[0]!.name;
    const run = openLive(loaded.value, name, { data_in: new Uint8Array(64), repeat: 10, generated });
    if (!run.ok) throw new Error(run.error.message);
    run.value.runFor({});
    expect(run.value.fault).toMatchObject({ program: name });
    expect([run.value.frames, run.value.done, run.value.step()]).toEqual([1, true, 0]);
  });

  test('an endless loop ends by the budget, a long run does not', () => {
    const loaded = loadObject(openFixture('faults/endless-loop'));
    if (!loaded.ok) throw new Error(loaded.error.message);
    const name = loaded.value.spec.programs[0]!.name;
    const run = openLive(loaded.value, name, { data_in: new Uint8Array(64), budget: 100_000 });
    if (!run.ok) throw new Error(run.error.message);
    run.value.step();
    expect(run.value.fault?.kind).toBe('endless loop');
    const { run: long } = opened({ verdicts: [XDP.DROP] }, { repeat: 200_000 });
    expect(long.runFor({})).toBe(200_000);
    expect(long.report().insns_executed).toBeGreaterThan(1_000_000);
  });
});

test('ordinary runs in the same world go on as before', () => {
  const { run, object } = opened(TX);
  run.step();
  expect(bytesIn(object, '.bss').byteLength).toBeGreaterThan(0);
  expect(object.world.rc.live).toBe(false);
  expect(object.world.rc.xdp).toBeNull();
});
