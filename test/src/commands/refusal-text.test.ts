/** Refusals as one sentence. */
import { expect, test } from 'bun:test';
import { refusalText } from '../../../src/commands/refusal-text.ts';

const at = { program: 'xdp_lb', insn: 7, file: 'lb.bpf.c', line: 12 };

test('the program, the place and the errno are named', () => {
  const why = { stage: 'load', errno: 22, message: 'bad relocation', where: at } as const;
  expect(refusalText('lb.o', why)).toBe('lb.o: program xdp_lb: bad relocation (lb.bpf.c:12, insn 7): EINVAL (22)');
});

test('what the message says already is not said again', () => {
  const why = {
    stage: 'open',
    errno: 0,
    message: 'section .maps is cut',
    where: { section: '.maps' },
  } as const;
  expect(refusalText('lb.o', why)).toBe('lb.o: section .maps is cut');
});

test('section and offset of a malformed file are named', () => {
  const why = { stage: 'open', errno: 0, message: 'it is cut', where: { section: '.maps', offset: 8 } } as const;
  expect(refusalText('lb.o', why)).toBe('lb.o: .maps, offset 8: it is cut');
  expect(refusalText('lb.o', { ...why, message: '.maps is cut at offset 8' })).toBe('lb.o: .maps is cut at offset 8');
});

test('a place that the message names already is not named again', () => {
  const message = 'program xdp_lb: bpf_x is not supported (lb.bpf.c:12)';
  const why = {
    stage: 'unsupported',
    errno: 0,
    message,
    where: { ...at, program: undefined, section: 'xdp' },
  } as never;
  expect(refusalText('lb.o', why)).toBe(`lb.o: ${message}`);
});

test('names from the object cannot reach the terminal as control characters', () => {
  const why = { stage: 'open', errno: 0, message: 'bad \u001b]0;x\u0007name\n\u009b', where: {} } as const;
  expect(refusalText('a\u001b[2Jb.o', why)).toBe('ab.o: bad name');
});
