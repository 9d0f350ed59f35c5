/** `bpfdeck run` as a process: verdicts, options, bpftool's words, streams and files, exit codes. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHex, toHex } from '../../../src/packet/hex.ts';
import { writePcap } from '../../../src/packet/pcap-write.ts';
import { cli, fixture, startCli, untilStoppable } from '../../support/cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'bpfdeck-run-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const ETH = 'ffffffffffff0200000000010800';
const UDP = `${ETH}4500001c0000000040117cd07f0000017f00000104d2000900080000`;
const ARP = `ffffffffffff0200000000010806${'00'.repeat(28)}`;
const packet = join(dir, 'udp.bin');
writeFileSync(packet, parseHex(UDP));
const capture = join(dir, 'two.pcap');
writeFileSync(capture, writePcap([parseHex(ARP), parseHex(UDP)]));

function json(out: string): Record<string, unknown> {
  return JSON.parse(out) as Record<string, unknown>;
}

describe('verdicts', () => {
  test.each([
    ['verdict_aborted', 'XDP_ABORTED (0)'],
    ['verdict_drop', 'XDP_DROP (1)'],
    ['verdict_tx', 'XDP_TX (3)'],
    ['verdict_unknown', '77'],
    ['verdict_minus_one', '4294967295 (-1)'],
  ])('%s is %s', async (program, verdict) => {
    const { code, out, err } = await cli(['run', fixture('xdp-verdicts'), program, '--data-in', `hex:${UDP}`]);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe(`${verdict}  ${program} · XDP`);
    expect(out).toContain('packet    42 bytes, unchanged  eth ▸ ipv4 ▸ udp');
  });

  test('no colour reaches a pipe, and --no-color beats FORCE_COLOR', async () => {
    const args = ['run', fixture('xdp-verdicts'), 'verdict_drop', '--data-in', packet];
    expect((await cli(args)).out).not.toContain('\u001b');
    expect((await cli(args, { env: { FORCE_COLOR: '1' } })).out).toContain('\u001b[');
    expect((await cli([...args, '--no-color'], { env: { FORCE_COLOR: '1' } })).out).not.toContain('\u001b');
    expect((await cli(args, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).out).not.toContain('\u001b');
  });
});

describe('where packets come from', () => {
  const object = fixture('xdp-parse');

  test.each([
    ['a file', packet, 'XDP_DROP'],
    ['the first frame of a capture', capture, 'XDP_PASS'],
    ['a frame by number', `${capture}#2`, 'XDP_DROP'],
    ['hex with separators', `hex:${UDP.replace(/../g, '$& ')}`, 'XDP_DROP'],
  ])('%s', async (_what, source, verdict) => {
    const { out, code } = await cli(['run', object, 'parse', '--data-in', source, '--json']);
    expect(code).toBe(0);
    expect(json(out).retval_name).toBe(verdict);
  });

  test('standard input', async () => {
    const { out } = await cli(['run', object, '--data-in', '-', '--json'], { stdin: parseHex(UDP) });
    expect(json(out).retval_name).toBe('XDP_DROP');
  });

  test("bpftool's words, the program left out where there is one", async () => {
    const target = join(dir, 'out.bin');
    const words = ['data_in', packet, 'data_out', target, 'repeat', '3'];
    const { out, code } = await cli(['run', object, ...words, '--json']);
    expect(code).toBe(0);
    expect(json(out)).toMatchObject({ program: 'parse', repeat: 3, retval: 1 });
    expect(toHex(readFileSync(target))).toBe(UDP);
  });

  test('data out to standard output is the bytes and nothing else; the report goes to standard error', async () => {
    const { bytes, err } = await cli(['run', object, '--data-in', packet, '--data-out', '-']);
    expect(toHex(bytes)).toBe(UDP);
    expect(err).toContain('XDP_DROP (1)');
  });

  test('a capture is written for .pcap', async () => {
    const target = join(dir, 'out.pcap');
    await cli(['run', object, '--data-in', packet, '--data-out', target]);
    expect(toHex(readFileSync(target))).toBe(toHex(writePcap([parseHex(UDP)])));
  });
});

describe('maps, variables and output', () => {
  test('changed entries by type, presets by field', async () => {
    const preset = 'by_protocol=json:{"17": {"packets": 41}}';
    const args = ['run', fixture('map-array'), 'count_in_place', '--data-in', packet, '--map', preset];
    const { out } = await cli(args);
    expect(out).toContain('by_protocol[17].packets  41 → 42');
    expect(out).toContain('by_protocol[17].bytes  0 → 42');
  });

  test('variables of .rodata and .data before the run', async () => {
    const args = ['run', fixture('globals'), '--data-in', packet, '--map', '.rodata=json:{"threshold": 42}', '--json'];
    const { out } = await cli(args);
    const result = json(out);
    expect(result.retval_name).toBe('XDP_PASS');
    const maps = result.maps as { name: string; entries: { value: Record<string, unknown> }[] }[];
    expect(maps.find((m) => m.name === '.bss')?.entries[0]?.value).toMatchObject({ seen: 1 });
    expect(maps.find((m) => m.name === '.data')?.entries[0]?.value).toMatchObject({ longest: 42 });
  });

  test('prefixes as keys of tries, from a file', async () => {
    const file = join(dir, 'routes.json');
    writeFileSync(file, '{"127.0.0.0/8": 3}');
    const args = ['run', fixture('map-lpm'), 'route', '--data-in', packet, '--map', `v4_routes=${file}`];
    expect((await cli(args)).out).toStartWith('XDP_TX (3)');
  });

  test('programs by name, and in the JSON too', async () => {
    const frame = `hex:${ETH}${'00'.repeat(2)}`;
    const args = ['run', fixture('tail-calls'), 'tail_by_length', '--data-in', frame, '--json'];
    const { out } = await cli([...args, '--map', 'jumps=json:{"2": "tail_drop"}']);
    const result = json(out);
    expect(result.retval_name).toBe('XDP_DROP');
    const maps = result.maps as { name: string; entries: { key: number; value: unknown }[] }[];
    expect(maps.find((m) => m.name === 'jumps')?.entries.find((e) => e.key === 2)?.value).toBe('tail_drop');
  });

  test('inner maps by content', async () => {
    const frame = `hex:${ETH}${'00'.repeat(3)}`; // 17 bytes: outer 1, slot 0
    const args = ['run', fixture('map-in-map'), 'by_length', '--data-in', frame];
    expect((await cli(args)).out).toStartWith('XDP_DROP (1)');
    const filled = ['--map', 'array_outer=json:{"1": {"0": 5}}', '--map', 'hash_outer=json:{"1": "second"}'];
    expect((await cli([...args, ...filled])).out).toStartWith('XDP_TX (3)');
  });

  test('where a redirect goes', async () => {
    const args = ['run', fixture('redirects'), 'to_device', '--data-in', packet];
    const { out } = await cli([...args, '--map', 'devices=json:{"1": {"ifindex": 1}}']);
    expect(out).toStartWith('XDP_REDIRECT (4)');
    expect(out).toContain('redirect  to ifindex 1, entry 1 of devices (bpf_redirect_map)');
  });

  test('printk lines and records', async () => {
    expect((await cli(['run', fixture('printk'), 'say', '--data-in', packet])).out).toContain('printk    length 42\n');
    const { out } = await cli(['run', fixture('ringbuf'), 'report', '--data-in', packet, '--json']);
    expect(json(out).records).toEqual([
      { map: 'events', kind: 'ringbuf', cpu: 0, data: '2a000000000800000100000000000000' },
    ]);
  });

  test('clock and seed are what they are said to be', async () => {
    const args = ['run', fixture('environment'), '--data-in', packet, '--time', '18000000000000000000', '--json'];
    const [a, b] = [await cli([...args, '--seed', '7']), await cli([...args, '--seed', '7'])];
    const bss = (out: string) =>
      (json(out).maps as { name: string; entries: { value: { times: unknown[]; randoms: number[] } }[] }[]).find(
        (m) => m.name === '.bss',
      )?.entries[0]?.value;
    expect(bss(a.out)?.times[0]).toBe('18000000000000000000');
    expect(bss(a.out)).toEqual(bss(b.out)!);
    expect(bss((await cli([...args, '--seed', '8'])).out)?.randoms).not.toEqual(bss(a.out)!.randoms);
  });
});

describe('contexts', () => {
  test('by field, with the rest filled sensibly', async () => {
    const args = ['run', fixture('tc-context'), 'read_context', '--data-in', packet, '--json'];
    const { out } = await cli([...args, '--ctx-in', 'json:{"mark": 7, "cb": [1, 0, 0, 0, 5]}']);
    const result = json(out);
    expect(result.ctx_out).toMatchObject({ mark: 7, cb: [1, 0, 0, 0, 5], ifindex: 1 });
    expect(String(result.ctx_out_hex)).toHaveLength(2 * 192);
  });

  test('24 zero bytes of xdp_md mean data_end 0, as in the kernel', async () => {
    const args = ['run', fixture('xdp-parse'), '--data-in', packet];
    const { out } = await cli([...args, '--ctx-in', `hex:${'00'.repeat(24)}`]);
    expect(out).toStartWith('XDP_ABORTED (0)');
    expect((await cli([...args, '--ctx-in', 'json:{}'])).out).toStartWith('XDP_DROP (1)');
  });
});

describe('what goes wrong', () => {
  test('a fault ends with 1 and names its place', async () => {
    const { code, out } = await cli(['run', fixture('faults/packet-one-past-end'), '--data-in', packet]);
    expect(code).toBe(1);
    expect(out).toStartWith('fault: ');
    expect(out).toContain('packet-one-past-end.bpf.c:10');
    expect(out).toContain('▸ sink = *(volatile __u8 *)DATA_END(ctx);');
  });

  test('an endless loop is stopped by its budget', async () => {
    const args = ['run', fixture('faults/endless-loop'), '--data-in', packet, '--budget', '100000', '--json'];
    const { code, out } = await cli(args);
    expect(code).toBe(1);
    expect(json(out).fault).toMatchObject({ file: './endless-loop.bpf.c', source: expect.any(String) });
  });

  test('an errno ends with 1 and says why', async () => {
    const { code, out } = await cli(['run', fixture('xdp-verdicts'), 'verdict_drop', '--data-in', 'hex:00']);
    expect(code).toBe(1);
    expect(out).toStartWith('EINVAL (22)');
    expect(out).toContain('because');
  });

  test.each([
    ['a missing object', ['run', 'no-such.o', '--data-in', 'hex:00'], 'cannot read no-such.o: no such file'],
    ['a directory', ['run', '.'], 'cannot read .: it is a directory'],
    ['no object', ['run'], 'run needs <object>'],
    ['an unknown option', ['run', 'x.o', '--data-inn', 'y'], 'there is no option --data-inn: did you mean --data-in?'],
    ['an unknown command', ['rnu', 'x.o'], 'there is no command rnu: did you mean run?'],
    ['an option without its value', ['run', 'x.o', '--data-in'], '--data-in needs a value'],
    ['bad hex', ['run', fixture('xdp-parse'), '--data-in', 'hex:0g'], '--data-in: hex: "g"'],
    ['a bad number', ['run', fixture('xdp-parse'), '--repeat', '-1'], '--repeat is "-1": an integer'],
    ['no such frame', ['run', fixture('xdp-parse'), '--data-in', `${capture}#3`], 'there is no frame 3'],
    ['no such map', ['run', fixture('map-array'), 'count_in_place', '--map', 'total=json:{}'], 'did you mean totals?'],
    [
      'a value too large',
      ['run', fixture('map-array'), 'count_in_place', '--map', 'answers=json:{"0": 5000000000}'],
      'answers[0]: ',
    ],
    [
      'an index outside',
      ['run', fixture('map-array'), 'count_in_place', '--map', 'answers=json:{"3": 1}'],
      'answers[3]: ',
    ],
    [
      'no program named',
      ['run', fixture('xdp-verdicts'), '--data-in', packet],
      'say which program to run: verdict_aborted',
    ],
    ['two things for standard output', ['run', fixture('xdp-parse'), '--data-out', '-', '--json'], 'standard output'],
  ])('%s is a usage error of one sentence', async (_what, args, sentence) => {
    const { code, out, err } = await cli(args);
    expect(err).toContain(sentence);
    expect(err).toStartWith('bpfdeck: ');
    expect(err.trimEnd()).not.toContain('\n');
    expect(code).toBe(2);
    if (!args.includes('--json')) expect(out).toBe('');
  });

  test('what is no object does not load', async () => {
    const { code, err } = await cli(['run', packet, '--data-in', packet]);
    expect(code).toBe(4);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  test('a program that is not there does not load, and the near name is said', async () => {
    const { code, err } = await cli(['run', fixture('xdp-verdicts'), 'verdict_dropp']);
    expect(code).toBe(4);
    expect(err).toContain('did you mean verdict_drop?');
  });

  test('a refusal under --json is an object with error', async () => {
    const { code, out } = await cli(['run', packet, '--json']);
    expect(code).toBe(4);
    expect(json(out)).toMatchObject({ program: null, error: { stage: 'open', message: expect.any(String) } });
  });

  test('Ctrl-C stops a program that loops', async () => {
    const args = [
      'run',
      fixture('faults/endless-loop'),
      '--data-in',
      packet,
      '--budget',
      String(Number.MAX_SAFE_INTEGER),
    ];
    const child = startCli(args);
    await untilStoppable(child.pid);
    child.kill('SIGINT');
    expect(await child.exited).toBe(130);
    expect(child.signalCode).toBeNull();
  });
});

test('--json has exactly the fields that were promised, in order', async () => {
  const { out } = await cli(['run', fixture('xdp-parse'), '--data-in', packet, '--json']);
  const result = json(out);
  expect(Object.keys(result)).toEqual([
    ...['program', 'type', 'backend', 'errno', 'errno_name', 'retval', 'retval_name', 'redirect', 'duration_ns'],
    ...['repeat', 'insns', 'insns_executed', 'data_out', 'data_size_out', 'ctx_out', 'ctx_out_hex'],
    ...['maps', 'printk', 'records', 'fault'],
  ]);
  expect(result).toMatchObject({
    ...{ program: 'parse', type: 'XDP', backend: 'engine', errno: 0, errno_name: null, retval: 1 },
    ...{ retval_name: 'XDP_DROP', redirect: null, repeat: 1, data_out: UDP, data_size_out: 42 },
    ...{ ctx_out: null, ctx_out_hex: null, maps: [], printk: [], records: [], fault: null },
  });
  expect(result.insns).toBeGreaterThan(10);
  expect(result.insns_executed).toBeGreaterThan(10);
});

test('map entries have four fields; integers beyond 2^53 are text', async () => {
  const { out } = await cli([
    ...['run', fixture('map-array'), 'count_in_place', '--data-in', packet, '--cpus', '2', '--json'],
    ...['--map', 'by_protocol=json:{"5": {"packets": 18446744073709551615, "bytes": 1}}'],
  ]);
  const maps = json(out).maps as { name: string; type: string; entries: Record<string, unknown>[] }[];
  const [byProtocol, totals] = ['by_protocol', 'totals'].map((name) => maps.find((m) => m.name === name)!);
  expect(byProtocol!.entries[0]).toEqual({
    key: 5,
    value: { packets: '18446744073709551615', bytes: 1 },
    key_hex: '05000000',
    value_hex: 'ffffffffffffffff0100000000000000',
  });
  expect(totals).toMatchObject({
    type: 'percpu_array',
    entries: [
      {
        key: 1,
        value: [
          { packets: 1, bytes: 42 },
          { packets: 0, bytes: 0 },
        ],
        value_hex: `01000000000000002a00000000000000${'00'.repeat(16)}`,
      },
    ],
  });
});

describe('why', () => {
  const args = ['run', fixture('xdp-parse'), 'parse', '--data-in', packet];

  test('--why shows the way to the verdict', async () => {
    const { out, code } = await cli([...args, '--why']);
    expect(code).toBe(0);
    expect(out).toMatch(/^returned {2}at xdp-parse\.bpf\.c:\d+$/m);
    expect(out).toMatch(/^ +▸ \d+ /m);
    expect(out).toMatch(/^branches .*: (not )?taken {2}xdp-parse\.bpf\.c:\d+ /m);
    expect(out).toMatch(/^values .*packet\[12/m);
    expect(json((await cli([...args, '--why', '--json'])).out).why).toMatchObject({ note: '', left_out: 0 });
    expect(json((await cli([...args, '--json'])).out).why).toBeUndefined();
  }, 180_000);

  test('--trace writes every instruction, to a file or in place of the report', async () => {
    const target = join(dir, 'trace.txt');
    expect((await cli([...args, '--trace', target])).out).toContain('XDP_DROP');
    const { out, err } = await cli([...args, '--trace', '-']);
    expect(out).toBe(readFileSync(target, 'utf8'));
    expect(err).toContain('XDP_DROP');
    const executed = json((await cli([...args, '--json'])).out).insns_executed;
    expect(out.split('\n').filter((line) => /^ *\d+: /.test(line))).toHaveLength(Number(executed));
    expect((await cli([...args, '--trace', '-', '--json'])).code).toBe(2);
  }, 180_000);
});
