/** tc ingress behind live frames beyond the rows that a kernel recorded: clsact, the namespace of the far ends, what is refused. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import {
  type LiveOpts,
  type LiveRun,
  type LoadedObject,
  loadObject,
  openLive,
  openObject,
  type TcAttachment,
} from '../../../../engine/index.ts';
import { bssOf, loadLive, TC_OBJECT, tcBssOf, u32 } from '../../../support/live/engine.ts';
import { TC_ACT, TC_MODE, type TcGlobals, XDP } from '../../../support/live/scenario.ts';

const MAC = '02:00:00:00:00:01';

interface Opened {
  readonly object: LoadedObject;
  readonly tc: LoadedObject;
  open(more: Partial<LiveOpts>): ReturnType<typeof openLive>;
}

/** `scripted` passes everything to device 2, whose far end is device 2 of the other namespace. */
function prepared(globals: TcGlobals): Opened {
  const object = loadLive();
  object
    .map('.bss')!
    .userUpdate(u32(0), bssOf(object.spec, { name: '', repeat: 1, globals: { verdicts: [XDP.PASS] } }), 0);
  const opened = openObject({ path: 'tc.bpf.o', bytes: new Uint8Array(readFileSync(TC_OBJECT)) });
  if (!opened.ok) throw new Error(opened.error.message);
  const loaded = loadObject(opened.value, { world: object.world });
  if (!loaded.ok) throw new Error(loaded.error.message);
  const tc = loaded.value;
  tc.map('.bss')!.userUpdate(u32(0), tcBssOf(tc.spec, globals), 0);
  const md = new DataView(new ArrayBuffer(24));
  md.setUint32(4, 64, true);
  md.setUint32(12, 2, true);
  const netns = { devices: [{ ifindex: 2, mac: MAC }] };
  const data_in = new Uint8Array(64);
  data_in.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x88, 0xb5]);
  return {
    object,
    tc,
    open: (more) =>
      openLive(object, 'scripted', {
        ...{ data_in, ctx_in: new Uint8Array(md.buffer), repeat: 128, netns, far: netns },
        links: [{ dev: 2, type: 'veth', peer: { dev: 2 } }],
        ...more,
      }),
  };
}

function programOf(object: LoadedObject, name: string): TcAttachment['program'] {
  const found = object.program(name);
  if (!found.ok) throw new Error(found.error.message);
  return found.value;
}

function ran(globals: TcGlobals, section: 'at_ingress' | 'at_tcx', more: Partial<LiveOpts> = {}): LiveRun {
  const { tc, open } = prepared(globals);
  const run = open({ tc: [{ dev: 2, program: programOf(tc, section) }], ...more });
  if (!run.ok) throw new Error(run.error.message);
  run.value.runFor({});
  return run.value;
}

describe('verdicts', () => {
  test.each([
    ['at_ingress', TC_ACT.OK, { UNHANDLED_PROTO: 128, TC_INGRESS: 0 }],
    ['at_ingress', TC_ACT.SHOT, { UNHANDLED_PROTO: 0, TC_INGRESS: 128 }],
    ['at_ingress', TC_ACT.STOLEN, { UNHANDLED_PROTO: 0, TC_INGRESS: 0 }],
    ['at_ingress', TC_ACT.TRAP, { UNHANDLED_PROTO: 0, TC_INGRESS: 0 }],
    // A direct action can do nothing else: the packet goes on (each of these measured on the kernel).
    ...[3, 5, 6, 9].map((verdict) => ['at_ingress', verdict, { UNHANDLED_PROTO: 128 }] as const),
    ['at_tcx', TC_ACT.STOLEN, { UNHANDLED_PROTO: 128 }],
  ] as const)('%s returns %p', (section, tc_verdict, counts) => {
    const report = ran({ tc_verdict }, section).report();
    expect(report.stacks.near).toMatchObject({ received: 128, ...counts });
    expect(report.page_pool.in_flight).toBe(0);
  });
});

test('bpf_redirect_peer: the packet comes up at the far end at once', () => {
  const report = ran({ tc_mode: TC_MODE.REDIRECT_PEER, tc_target: 2 }, 'at_tcx').report();
  expect(report.stacks.near).toMatchObject({ received: 128, UNHANDLED_PROTO: 0 });
  // No second netif_receive_skb: the same packet goes round once more.
  expect(report.stacks.far).toMatchObject({ received: 0, UNHANDLED_PROTO: 128 });
  expect(report.devices.find((dev) => dev.netns === 'far' && dev.ifindex === 2)).toMatchObject({
    rx_packets: 128,
    rx_bytes: 128 * 64,
  });
});

test('a packet that is sent to the far end comes up in its namespace', () => {
  const { tc, open } = prepared({ tc_mode: TC_MODE.REDIRECT, tc_target: 2 });
  const program = programOf(tc, 'at_tcx');
  const run = open({ tc: [{ dev: 2, program }], repeat: 1 });
  if (!run.ok) throw new Error(run.error.message);
  run.value.runFor({});
  const { stacks, devices } = run.value.report();
  expect(stacks.far).toMatchObject({ received: 1, UNHANDLED_PROTO: 1 });
  expect(devices.find((dev) => dev.netns === 'near' && dev.ifindex === 2)).toMatchObject({
    tx_packets: 1,
    tx_bytes: 64,
  });
});

test('a program at fault at tc ends the run, and is named; the next run begins anew', () => {
  const { tc, open } = prepared({});
  const run = open({ tc: [{ dev: 2, program: programOf(tc, 'at_fault') }] });
  if (!run.ok) throw new Error(run.error.message);
  run.value.runFor({});
  expect(run.value.fault).toMatchObject({ program: 'at_fault', kind: 'out of bounds' });
  run.value.close();
  const next = open({});
  if (!next.ok) throw new Error(next.error.message);
  next.value.runFor({});
  expect(next.value.report().stacks.near.UNHANDLED_PROTO).toBe(128);
});

describe('refused', () => {
  const refusal = (tc: (opened: Opened) => readonly TcAttachment[]): string => {
    const opened = prepared({});
    const run = opened.open({ tc: tc(opened) });
    return run.ok ? '' : run.error.message;
  };
  test.each([
    ['no such device', ({ tc }: Opened) => [{ dev: 9, program: programOf(tc, 'at_tcx') }], 'ifindex 9'],
    ['an XDP program', ({ object }: Opened) => [{ dev: 2, program: programOf(object, 'peer') }], 'SCHED_CLS'],
    [
      'two on one device',
      ({ tc }: Opened) => [
        { dev: 2, program: programOf(tc, 'at_tcx') },
        { dev: 2, program: programOf(tc, 'at_ingress') },
      ],
      'two programs',
    ],
  ])('%s', (_name, tc, words) => {
    expect(refusal(tc)).toContain(words);
  });
});
