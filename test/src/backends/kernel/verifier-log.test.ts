/** A verifier's log from its end: the objection, its instruction and source line, and what is worth showing. */
import { expect, test } from 'bun:test';
import type { ProgramSpec } from '../../../../engine/index.ts';
import { lastLines, readLog } from '../../../../src/backends/kernel/verifier-log.ts';

const lines = [0, 2, 4].map((insn) => ({ insn, file: 'p.bpf.c', line: 10 + insn, col: 1, text: '' }));
const program = { lines } as unknown as ProgramSpec;
const COUNTS = 'processed 24 insns (limit 1000000) max_states_per_insn 0 total_states 2 peak_states 2 mark_read 0\n';

test.each([
  [
    'an access',
    '0: (61) r1 = *(u32 *)(r1 +0)\n1: (71) r0 = *(u8 *)(r1 +99)\nR1 offset is outside of the packet\n',
    1,
    10,
  ],
  [
    'a register that says what it is',
    "; return x; @ p.bpf.c:14\n5: (79) r0 = *(u64 *)(r0 +0)\nR0 invalid mem access 'scalar'\n",
    5,
    14,
  ],
  [
    'a loop, which names its own place',
    '8: (55) if r1 != 0x0 goto pc-5\ninfinite loop detected at insn 2\ncur state: R1=1\nold state: R1=1\n',
    2,
    12,
  ],
])('%s', (_what, log, insn, line) => {
  const read = readLog(log + COUNTS, program);
  const said = log.split('\n').findLast((one) => one !== '' && !one.includes(' state: '))!;
  expect(read).toMatchObject({ reason: said, insn, line: { line } });
});

test('a log that says nothing', () => {
  expect(readLog('', program)).toEqual({ reason: '', insn: null, line: null });
  expect(readLog(COUNTS, program)).toEqual({ reason: '', insn: null, line: null });
});

test('the end of a log, without its counts', () => {
  const log = `${Array.from({ length: 50 }, (_, i) => `${i}: (07) r1 += 1`).join('\n')}\nR1 unbounded memory access\n${COUNTS}`;
  expect(lastLines(log, 3)).toEqual(['48: (07) r1 += 1', '49: (07) r1 += 1', 'R1 unbounded memory access']);
});
