/** A program with a function replaced by another program: calls led to it, maps renamed, lines and subprograms behind the own. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { withExtension } from '../../../engine/object/extend.ts';
import { openObject } from '../../../engine/object/open.ts';
import type { ProgramSpec } from '../../../engine/object/spec.ts';
import { insnCount, readInsn } from '../../../engine/uapi/insn.ts';

function program(object: string, name: string): ProgramSpec {
  const path = new URL(`../../../fixtures/loader/${object}.bpf.o`, import.meta.url);
  const opened = openObject({ path: object, bytes: new Uint8Array(readFileSync(path)) });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value.programs.find((one) => one.name === name)!;
}

/** Where calls of local functions lead, in the order of the calls. */
function callsOf({ insns }: ProgramSpec, from: number, to: number): number[] {
  const targets: number[] = [];
  for (let at = from; at < to; at++) {
    const { op, src, imm } = readInsn(insns, at);
    if (op === 0x85 && src === 1) targets.push(at + 1 + imm);
    if (op === 0x18) at++;
  }
  return targets;
}

const target = program('extended', 'dispatch');
const extension = program('extension', 'instead');
const own = insnCount(target.insns);
const start = (name: string) => target.subprogs.find((one) => one.name === name)!.start;

test('calls of the function lead to the extension, all others where they led', () => {
  const both = withExtension(target, 'second', extension, (name) => `e.o#${name}`);
  expect(callsOf(target, 0, own)).toEqual([start('first'), start('second')]);
  expect(callsOf(both, 0, own)).toEqual([start('first'), own]);
  const [, half] = extension.subprogs;
  expect(callsOf(both, own, insnCount(both.insns))).toEqual([own + half!.start]);
  expect(both.subprogs.map(({ name }) => name)).toEqual([
    ...target.subprogs.map(({ name }) => name),
    ...['instead', 'half'],
  ]);
});

test('references and lines of the extension come behind, its maps under other names', () => {
  const both = withExtension(target, 'second', extension, (name) => `e.o#${name}`);
  const theirs = both.relocs.slice(target.relocs.length);
  expect(theirs.map(({ name, insn }) => [name, insn])).toEqual(
    extension.relocs.map((one) => [`e.o#.bss`, one.insn + own]),
  );
  expect(both.lines.at(target.lines.length)).toMatchObject({
    insn: own,
    file: expect.stringContaining('extension.bpf.c'),
  });
  const insns = both.lines.map(({ insn }) => insn);
  expect(insns).toEqual(insns.toSorted((a, b) => a - b));
});

test('a pointer to the function is led there, too', () => {
  const insns = target.insns.slice();
  const pointer = new DataView(insns.buffer);
  // In place of the first two instructions: r1 = the address of second.
  pointer.setUint8(0, 0x18);
  pointer.setUint8(1, 0x41);
  pointer.setInt32(4, start('second') - 1, true);
  pointer.setUint8(8, 0);
  const both = withExtension({ ...target, insns }, 'second', extension, (name) => name);
  expect(readInsn(both.insns, 0)).toMatchObject({ op: 0x18, src: 4, imm: own - 1 });
});

test('without such a function nothing changes', () => {
  expect(withExtension(target, 'third', extension, (name) => name)).toBe(target);
});
