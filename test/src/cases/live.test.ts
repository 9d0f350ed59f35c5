/** Live cases: what they say of devices and expect of frames, settled, run on the engine and judged; mistakes with their fields; reports. */
import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineBackend } from '../../../src/backends/engine.ts';
import { loadCases } from '../../../src/cases/load.ts';
import { settleCase } from '../../../src/cases/settle.ts';
import { objectsOf } from '../../../src/cases/steps.ts';
import { loadProject } from '../../../src/config.ts';
import { liveCaseCommand } from '../../../src/equal-command.ts';
import { makeStyle } from '../../../src/format/style.ts';
import type { TestOutcome } from '../../../src/outcome.ts';
import { failureLines } from '../../../src/reporters/failure-text.ts';
import { caseRecord, fromRecord } from '../../../src/reporters/record.ts';
import { ObjectStore } from '../../../src/runner/object-store.ts';
import { runCase } from '../../../src/runner/runner.ts';
import type { SettledCase } from '../../../src/test-case.ts';
import { liveCountsPane, livePacketPane } from '../../../src/view/live-case.ts';
import { ROOT } from '../../support/cli.ts';
import { PROJECT } from '../../support/fixture-cases.ts';

const BENCH = join(ROOT, 'fixtures/bench');
const LIVE = { object: join(BENCH, 'b_live.bpf.o'), data_in: `0200000000090200000000010800${'00'.repeat(50)}` };
const settle = (more: object): SettledCase =>
  settleCase({ name: 'n', ...LIVE, program: 'lv_tx', ...more }, PROJECT, '/x/a.case.ts', 1);

const backend = new EngineBackend();
const objects = new ObjectStore(backend, null);
afterAll(() => backend.close());
const run = (one: SettledCase): Promise<TestOutcome> => runCase(one, { backend, objects, lenient: false });
const words = ({ differences }: TestOutcome): string[] =>
  differences.map(({ field, at, expected, received }) => `${field} ${at}: ${expected} expected, ${received}`);

const VETH0 = { live: { devices: { veth0: { peer_xdp: 'drop' } } } };
const TWO = { live: { devices: ['veth0', 'veth1:ifindex=9,peer_xdp=pass'] }, maps: { dm: { 0: 9 } } };

test.each<[string, object]>([
  [
    'verdicts by either name, a bound',
    { ...VETH0, repeat: 100, expect: { verdicts: { XDP_TX: 100, drop: { max: 0 } } } },
  ],
  ['one frame by default', { ...VETH0, expect: { verdicts: { tx: 1 } } }],
  [
    'counters of devices at both ends',
    { ...VETH0, repeat: 70, expect: { devices: { veth0: { xdp_xmit: 70 }, 'veth0-peer': { xdp_drops: 70 } } } },
  ],
  [
    'tracepoints by errno',
    {
      ...TWO,
      program: 'lv_redir',
      maps: { dm: { 0: 2 } },
      repeat: 5,
      expect: {
        tracepoints: [
          { name: 'xdp_redirect_err', errno: 'EOPNOTSUPP', count: 5 },
          { name: 'xdp_redirect', count: 0 },
        ],
      },
    },
  ],
  [
    'pages',
    {
      ...VETH0,
      repeat: 300,
      live: { ...VETH0.live, batch_size: 16 },
      expect: { pool: { allocated: 64, in_flight: 0, recycled: { min: 200 } } },
    },
  ],
  [
    'frames by device and in the stack, whole and by field',
    {
      ...TWO,
      program: 'lv_redir',
      repeat: 3,
      expect: {
        captured: {
          veth1: [LIVE.data_in, { 'eth.type': 0x800 }, LIVE.data_in, null],
          far_stack: { 2: LIVE.data_in },
          stack: [null],
        },
      },
    },
  ],
  ['the stack', { ...TWO, program: 'lv_pass', repeat: 9, expect: { stacks: { near: { received: 9 } } } }],
  [
    'an object at the far end',
    {
      live: { devices: { v: { peer_xdp: `${BENCH}/b_peer.bpf.o#p_drop` } } },
      repeat: 8,
      expect: { devices: { 'v-peer': { xdp_drops: 8 } } },
    },
  ],
  [
    'packets in turn',
    {
      ...VETH0,
      live: { ...VETH0.live, frames: [LIVE.data_in, `${LIVE.data_in}01`] },
      repeat: 4,
      expect: { captured: { veth0: [LIVE.data_in, `${LIVE.data_in}01`, LIVE.data_in] } },
    },
  ],
  [
    'a link that goes down',
    {
      ...VETH0,
      live: { ...VETH0.live, faults: ['down=veth0@10'] },
      repeat: 30,
      expect: {
        devices: { veth0: { xdp_xmit: 10 } },
        tracepoints: [{ name: 'xdp_redirect_err', errno: 100, count: 20 }],
      },
    },
  ],
  ['what is refused before the first frame', { live: { batch_size: 257 }, expect: { errno: 'E2BIG' } }],
  ['maps afterwards', { ...TWO, program: 'lv_redir', expect: { maps: { dm: { 0: 9 } } } }],
])('it holds: %s', async (_name, more) => {
  const came = await run(settle(more));
  expect({ verdict: came.verdict, reason: came.reason, differences: words(came) }).toEqual({
    verdict: 'pass',
    reason: '',
    differences: [],
  });
});

test('each difference in words, and why frames were lost', async () => {
  const one = settle({
    ...TWO,
    ...{ program: 'lv_redir', repeat: 1000, maps: { dm: { 0: 2 } } },
    expect: {
      verdicts: { XDP_TX: 1 },
      devices: { veth0: { xdp_xmit: { min: 1, max: 5 } } },
      stacks: { far: { received: { min: 1 } } },
      tracepoints: [{ name: 'xdp_redirect_err', errno: 'ENXIO' }],
      pool: { allocated: { max: 1 } },
      captured: { veth0: [LIVE.data_in] },
    },
  });
  const came = await run(one);
  expect(came.verdict).toBe('fail');
  expect(words(came)).toEqual([
    'verdicts XDP_TX: 1 expected, 0',
    'devices veth0.xdp_xmit: 1 to 5 expected, 0',
    'stacks far.received: at least 1 expected, 0',
    'tracepoints xdp_redirect_err ENXIO (-6): at least 1 expected, 0 (1,000 with EOPNOTSUPP (-95))',
    'pool allocated: at most 1 expected, 64',
    'captured veth0[0]: a frame expected, none',
  ]);
  const text = failureLines(one, came, '/x', makeStyle(false)).join('\n');
  expect(text).toContain('frames    1,000 frames: 1,000 XDP_REDIRECT');
  expect(text).toContain('lost      1,000 frames: veth0 cannot send XDP frames');
  const pane = liveCountsPane(came.live!);
  expect(pane.bad).toBe(true);
  expect(pane.lines.map((line) => line.text.map((span) => span.text).join('')).join('\n')).toContain(
    '→ load an XDP program',
  );
});

test('a captured frame that differs is shown beside the one expected, and lives through a record', async () => {
  const one = settle({
    ...VETH0,
    repeat: 4,
    expect: { captured: { veth0: { 2: `ff${LIVE.data_in.slice(2)}`, 3: { 'eth.type': 1 } } } },
  });
  const came = await run(one);
  expect(words(came)).toContain('captured veth0[2] eth.h_dest: ff:00:00:00:00:09 expected, 02:00:00:00:00:09');
  expect(came.live?.frame?.at).toBe('veth0[2]');
  const pane = livePacketPane(one, came.live!);
  expect(pane).toMatchObject({ sides: ['EXPECTED 64 B', 'CAPTURED veth0[2] 64 B'], differences: 1, judged: true });
  const record = JSON.parse(JSON.stringify(caseRecord(one, came, '/x')));
  expect(record.live).toMatchObject({ summary: '4 frames: 4 XDP_TX', frame: { at: 'veth0[2]' } });
  const [, again] = fromRecord(record, '/x', 'r.json');
  expect(again.live?.frame).toEqual(came.live!.frame);
  expect(again.live?.lost).toEqual(came.live!.lost);
});

test.each<[object, RegExp]>([
  [{ expect: { verdicts: {} } }, /`expect.verdicts` is for live cases: say `live`/],
  [{ live: {}, expect: { retval: 1 } }, /`expect.retval`: live frames give no retval back/],
  [{ live: {}, steps: [{}] }, /`steps` does not go with `live`/],
  [{ live: {}, flags: 2 }, /`flags` does not go with `live`/],
  [{ live: { device: {} } }, /`live` has no field `device`: did you mean devices\?/],
  [
    { live: { devices: { v: { peer_xpd: 'drop' } } } },
    /`live.devices.v` has no field `peer_xpd`: did you mean peer_xdp\?/,
  ],
  [{ live: { devices: { v: { type: 'vet' } } } }, /v: type is "vet": one of .*: did you mean veth\?/],
  [{ live: { devices: ['v', 'v'] } }, /`live.devices`: v is there twice/],
  [
    { live: { devices: ['veth0'], ingress: 'veth1' } },
    /`live.ingress`: there is no device veth1: did you mean veth0\?/,
  ],
  [{ live: { devices: ['v'], faults: ['dwn=v@1'] } }, /`live.faults`: there is no fault dwn: did you mean down\?/],
  [{ live: { frames: [] } }, /`live.frames` must be a list/],
  [{ live: {}, expect: { verdicts: { XDP_RX: 1 } } }, /`expect.verdicts` has no field `rx`/],
  [{ live: {}, expect: { verdicts: { tx: '1' } } }, /`expect.verdicts.tx` is 1: a number, or \{min, max\}/],
  [{ live: {}, expect: { verdicts: { tx: { least: 1 } } } }, /has no field `least`/],
  [
    { live: { devices: ['veth0'] }, expect: { devices: { vet0: {} } } },
    /`expect.devices`: there is no device vet0: did you mean veth0\?/,
  ],
  [
    { live: {}, expect: { tracepoints: [{ name: 'xdp_redirct' }] } },
    /there is no tracepoint xdp_redirct: did you mean xdp_redirect\?/,
  ],
  [
    { live: {}, expect: { tracepoints: [{ name: 'mem_disconnect', errno: 1 }] } },
    /events of mem_disconnect have no errno/,
  ],
  [{ live: {}, expect: { pool: { alocated: 1 } } }, /`expect.pool` has no field `alocated`: did you mean allocated\?/],
  [{ live: {}, expect: { captured: { stack: { x: '00' } } } }, /frames have numbers from 0, x is none/],
  [{ live: {}, expect: { captured: { stack: [{ 'ipv4.tll': 1 }] } } }, /ipv4 has no field tll/],
])('a mistake says where: %j', (more, message) => {
  expect(() => settle(more)).toThrow(message);
});

test('a counter that is none is an error of the case, with what there is', async () => {
  const came = await run(settle({ ...VETH0, expect: { devices: { veth0: { xdp_xmits: 1 } } } }));
  expect(came).toMatchObject({
    verdict: 'error',
    reason: 'expect.devices: there is no counter xdp_xmits: did you mean xdp_xmit?',
  });
});

test('test.live, YAML and JSON say the same; objects at devices belong to the case', async () => {
  const root = mkdtempSync(join(tmpdir(), 'live-cases-'));
  try {
    mkdirSync(join(root, 'test'));
    writeFileSync(join(root, 'bpfdeck.config.ts'), "export default { cases: 'test/*' };\n");
    const fields =
      "object: 'a.o', program: 'p', live: { devices: { v: { peer_xdp: 'b.o#q' } } }, expect: { verdicts: { tx: 1 } }";
    writeFileSync(
      join(root, 'test/a.case.ts'),
      `import { test } from 'bpfdeck';\ntest.live({ name: 'n', ${fields} });\n`,
    );
    writeFileSync(
      join(root, 'test/b.case.json'),
      JSON.stringify({
        name: 'n',
        object: 'a.o',
        program: 'p',
        live: { devices: { v: { peer_xdp: 'b.o#q' } } },
        expect: { verdicts: { tx: 1 } },
      }),
    );
    writeFileSync(
      join(root, 'test/c.case.yaml'),
      'name: n\nobject: a.o\nprogram: p\nlive: {devices: {v: {peer_xdp: b.o#q}}}\nexpect: {verdicts: {tx: 1}}\n',
    );
    const loaded = await loadProject(root);
    if (!loaded.ok) throw new Error(loaded.error.message);
    const { cases, errors } = await loadCases(loaded.project);
    expect(errors).toEqual([]);
    const plain = cases.map(({ id: _id, file: _file, line: _line, ...rest }) => rest);
    expect(plain).toHaveLength(3);
    expect(plain[1]).toEqual(plain[0]!);
    expect(plain[2]).toEqual(plain[0]!);
    expect(objectsOf(cases[0]!)).toEqual([join(root, 'a.o'), join(root, 'b.o')]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('the equal command runs the same frames through the same devices', async () => {
  const one = settle({
    program: 'lv_redir',
    repeat: 50,
    maps: { dm: { 0: 9 } },
    live: {
      devices: {
        a: { up: false, mtu: 9000 },
        b: { ifindex: 9, peer: 'x', gro: true, peer_xdp: `${BENCH}/b_peer.bpf.o#p_drop` },
        i: { type: 'ifb' },
      },
      ...{ ingress: 'b', batch_size: 8, faults: ['down=b@10', 'full=a@3', 'page=40'] },
    },
  });
  const words = liveCaseCommand(one, BENCH);
  expect(words.slice(0, 4)).toEqual(['bpfdeck', 'live', 'b_live.bpf.o', 'lv_redir']);
  const said = words.filter((_, i) =>
    ['--dev', '--ingress', '--batch-size', '--fault', '--repeat'].includes(words[i - 1] ?? ''),
  );
  expect(said).toEqual([
    ...[
      'a:ifindex=2,mtu=9000,up=no',
      'b:ifindex=9,peer=x,peer_xdp=b_peer.bpf.o#p_drop,gro=yes',
      'i:ifindex=3,type=ifb',
    ],
    ...['b', '8', 'page=40', 'down=b@10', 'full=a@3', '50'],
  ]);
  expect(words).not.toContain('--netns');
  const again = settle({
    live: { devices: said.slice(0, 3), ingress: 'b', batch_size: 8, faults: ['page=40', 'down=b@10', 'full=a@3'] },
  });
  expect(again.live?.network).toEqual({ ...one.live!.network, devices: expect.anything() });
});
