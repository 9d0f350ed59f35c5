/** `bpfdeck inspect` as a process. */
import { expect, test } from 'bun:test';
import { cli, fixture } from '../../support/cli.ts';

test('programs, maps with their types, and the kernel they need', async () => {
  const { code, out, err } = await cli(['inspect', fixture('map-hash')]);
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('license Dual MIT/GPL');
  expect(out).toMatch(/count_flow +XDP +xdp +\d+ insns +kernel ≥ 4\.8\n/);
  expect(out).toContain('      helpers  bpf_map_lookup_elem, bpf_map_update_elem\n');
  expect(out).toMatch(/flows +hash +struct flow \(12\) → __u64 \(8\) +2\n/);
  expect(out).toMatch(/results .* BPF_F_NO_PREALLOC\n/);
  expect(out).toContain('  struct flow  12 bytes\n');
  expect(out).toContain('9  __u8 pad[3]');
});

test('variables with what they start with', async () => {
  const { out } = await cli(['inspect', fixture('globals')]);
  expect(out).toMatch(/\.rodata +const volatile __u32 threshold +60\n/);
  expect(out).toMatch(/\.rodata +.*limits +\{low: 10, high: 1000, mask: 18374966859414961920\}\n/);
  expect(out).toMatch(/\.data +char name\[8\] +"fixture"\n/);
  expect(out).toMatch(/\.bss +__u64 seen +0\n/);
});

test('static slots of maps, and calls', async () => {
  const { out } = await cli(['inspect', fixture('tail-calls')]);
  expect(out).toMatch(/ +\[5\] +tail_from_function\n/);
  expect(out).toMatch(/calls +jump\n/);
  expect((await cli(['inspect', fixture('map-in-map')])).out).toMatch(/inner +array +__u32 \(4\) → __u64 \(8\) +4\n/);
});

test('without BTF it says what to do', async () => {
  const { out } = await cli(['inspect', fixture('legacy')]);
  expect(out).toContain('no BTF: compile with -g');
  expect(out).toMatch(/hits +array +4 bytes → 8 bytes +2\n/);
  expect(out).toMatch(/Warnings 1\n.*xdp_old_name/);
});

test('--json is a stable object', async () => {
  const { code, out } = await cli(['inspect', fixture('globals'), '--json']);
  expect(code).toBe(0);
  const object = JSON.parse(out);
  expect(Object.keys(object)).toEqual([
    ...['object', 'license', 'btf', 'core_target', 'kernel', 'programs', 'maps', 'globals', 'types', 'warnings'],
  ]);
  expect(object.programs[0]).toMatchObject({
    name: 'use_globals',
    section: 'xdp',
    type: 'XDP',
    kernel: '5.2',
    error: null,
  });
  expect(object.globals.find((g: { name: string }) => g.name === 'limits')).toMatchObject({
    section: '.rodata',
    value: { low: 10, high: 1000, mask: '18374966859414961920' },
  });
});

test('one program alone, and a near name', async () => {
  const { out } = await cli(['inspect', fixture('xdp-verdicts'), '--program', 'verdict_tx', '--json']);
  expect(JSON.parse(out).programs.map((p: { name: string }) => p.name)).toEqual(['verdict_tx']);
  const { code, err } = await cli(['inspect', fixture('xdp-verdicts'), '--program', 'verdict_t']);
  expect(code).toBe(4);
  expect(err).toContain('did you mean verdict_tx?');
});

test('what is no object', async () => {
  const { code, err } = await cli(['inspect', 'package.json']);
  expect(code).toBe(4);
  expect(err).toStartWith('bpfdeck: package.json: ');
  expect(err.trimEnd()).not.toContain('\n');
  expect((await cli(['inspect', 'no-such.o'])).code).toBe(2);
});

test('--disasm names maps, variables and functions, each source line once', async () => {
  const tails = await cli(['inspect', fixture('tail-calls'), '--program', 'tail_count', '--disasm']);
  expect(tails.out).toBe(
    [
      'tail_count  xdp, 11 insns',
      '',
      'tail_count:',
      '; turns++;  ./tail-calls.bpf.c:33',
      '     0  r2 = &turns',
      '     2  r3 = *(u32 *)(r2 +0)',
      '     3  r3 += 1',
      '     4  *(u32 *)(r2 +0) = r3',
      '; bpf_tail_call(ctx, &jumps, 1);  ./tail-calls.bpf.c:34',
      '     5  r2 = map[jumps]',
      '     7  r3 = 1',
      '     8  call bpf_tail_call#12',
      '; return XDP_TX;  ./tail-calls.bpf.c:35',
      '     9  r0 = 3',
      '    10  exit',
      '',
    ].join('\n'),
  );
  const { out } = await cli(['inspect', fixture('callbacks'), '--program', 'loop', '--disasm']);
  expect(out).toContain('r2 = subprog[add_index]');
  expect(out).toContain('\nadd_index:\n; t->sum += i;');
  expect(out.split('\n').filter((line) => line.startsWith('; sums[0] = all.sum;'))).toHaveLength(1);
});

test('--disasm --json has the instructions with the program', async () => {
  const { out } = await cli(['inspect', fixture('xdp-verdicts'), '--program', 'verdict_tx', '--disasm', '--json']);
  expect(JSON.parse(out).programs[0].disasm).toEqual([
    {
      insn: 0,
      text: 'r0 = 3',
      subprogram: 'verdict_tx',
      source: { file: './xdp-verdicts.bpf.c', line: 8, text: expect.stringContaining('verdict_tx') },
    },
    { insn: 1, text: 'exit', subprogram: null, source: null },
  ]);
});
