/** What live frames are made of and come in by: a packet each, what is left of the page's last use, receive queues, and what is refused. */
import { describe, expect, test } from 'bun:test';
import { type LiveFrames, type LiveRun, openLive } from '../../../../engine/index.ts';
import { bssOf, loadLive, NETNS, u32 } from '../../../support/live/engine.ts';
import { IFINDEX, MODE, XDP } from '../../../support/live/scenario.ts';

const packet = (id: number, length: number): Uint8Array => new Uint8Array(length).fill(id);

function opened(frames: LiveFrames, generated: boolean, ctx_data = 0, seed = 1): LiveRun {
  const object = loadLive();
  const bss = bssOf(object.spec, { name: '', repeat: 1, globals: { verdicts: [XDP.TX], peer_verdict: XDP.DROP } });
  object.map('.bss')!.userUpdate(u32(0), bss, 0);
  const md = new DataView(new ArrayBuffer(24));
  md.setUint32(0, ctx_data, true);
  md.setUint32(4, frames.packets[0]?.length ?? 0, true);
  md.setUint32(12, IFINDEX.a0, true);
  const run = openLive(object, 'scripted', {
    ...{
      ctx_in: new Uint8Array(md.buffer),
      repeat: 300,
      batch_size: 4,
      netns: NETNS,
      frames,
      generated,
      env: { seed },
    },
    links: [{ dev: IFINDEX.a0, type: 'veth', peer: { netns: 'near', dev: IFINDEX.a1 } }],
    xdp: [{ dev: IFINDEX.a1, program: 'drop' }],
  });
  if (!run.ok) throw new Error(run.error.message);
  run.value.capture.onDevice('near', IFINDEX.a0);
  run.value.runFor({});
  return run.value;
}

/** Of every frame that left: number, length, a byte that no program writes, and the byte that each run counts up. */
const sent = (run: LiveRun) =>
  run.capture.take().map(({ frame, data }) => [frame, data.length, data[20]!, data[50]] as const);

describe.each([true, false])('generated code: %p', (generated) => {
  test('in turn: every frame begins with its own packet, on new pages and on recycled ones', () => {
    const run = opened({ packets: [packet(1, 64), packet(2, 71), packet(3, 1500)] }, generated);
    const expected = Array.from({ length: 300 }, (_, i) => {
      const [length, id] = (
        [
          [64, 1],
          [71, 2],
          [1500, 3],
        ] as const
      )[i % 3]!;
      return [i, length, id, id + 1];
    });
    expect(sent(run)).toEqual(expected as never);
  });

  test('metadata comes first', () => {
    const run = opened({ packets: [packet(1, 72), packet(2, 76)] }, generated, 8);
    expect(
      sent(run)
        .slice(0, 3)
        .map(([, length, id]) => [length, id]),
    ).toEqual([
      [64, 1],
      [68, 2],
      [64, 1],
    ]);
  });
});

test('by chance: the same order for the same seed in both forms of the loop, and all of them come', () => {
  const packets = [1, 2, 3, 4, 5].map((id) => packet(id, 60 + id));
  const order = (generated: boolean, seed: number) =>
    sent(opened({ packets, order: 'random' }, generated, 0, seed)).map(([, , id]) => id);
  const ids = order(true, 7);
  expect(order(false, 7)).toEqual(ids);
  expect(order(true, 8)).not.toEqual(ids);
  expect(new Set(ids)).toEqual(new Set([1, 2, 3, 4, 5]));
});

test.each([
  [[], 'there is no packet'],
  [[packet(0, 64), packet(0, 13)], 'packet 1: 13 bytes'],
  [[packet(0, 64), packet(0, 3409)], 'packet 1: 3409 bytes'],
])('refused: %#', (packets, words) => {
  const run = openLive(loadLive(), 'scripted', { data_in: packet(0, 64), frames: { packets } });
  expect(run).toMatchObject({ ok: false, error: { errno: 22 } });
  expect(run.ok ? '' : run.error.message).toContain(words);
});

describe('receive queues', () => {
  const onQueue = (rx_queue_index: number, generated: boolean, ingress: number = IFINDEX.a0) => {
    const object = loadLive();
    const bss = bssOf(object.spec, { name: '', repeat: 1, globals: { mode: MODE.XSKMAP, target: 1, flags: XDP.DROP } });
    object.map('.bss')!.userUpdate(u32(0), bss, 0);
    object.map('sockets')!.userUpdate(u32(1), u32(3), 0);
    const md = new DataView(new ArrayBuffer(24));
    md.setUint32(4, 64, true);
    md.setUint32(12, ingress, true);
    md.setUint32(16, rx_queue_index, true);
    return openLive(object, 'scripted', {
      ...{ data_in: packet(0, 64), ctx_in: new Uint8Array(md.buffer), repeat: 100, generated },
      netns: { devices: [{ ifindex: IFINDEX.a0, rx_queues: 4 }] },
    });
  };

  test.each([true, false])(
    'a socket gets what came by its queue, and nothing else (generated code: %p)',
    (generated) => {
      const received = [2, 3].map((queue) => {
        const run = onQueue(queue, generated);
        if (!run.ok) throw new Error(run.error.message);
        run.value.runFor({});
        return run.value.report().xsk[0]!.received;
      });
      expect(received).toEqual([0, 100]);
    },
  );

  test('no queue beyond those of the device, and none of no device', () => {
    expect(onQueue(4, true)).toMatchObject({ ok: false, error: { errno: 22 } });
    expect(onQueue(1, true, 0)).toMatchObject({ ok: false, error: { errno: 22 } });
    expect(onQueue(1, true, 7)).toMatchObject({ ok: false, error: { errno: 19 } });
  });
});
