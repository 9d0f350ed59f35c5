/** What the verifier says of accesses of the context, and what the engine says: every place in every struct, and random ways to one. */
import { describe, expect, test } from 'bun:test';
import { closeSync } from 'node:fs';
import { compileProgram } from '../../engine/jit/compile.ts';
import { decodeProgram } from '../../engine/jit/decode.ts';
import { type CtxStruct, ctxStructOf } from '../../engine/uapi/contexts.ts';
import { ctxField } from '../../engine/uapi/ctx-access.ts';
import { PROG_TYPE, type ProgTypeName } from '../../engine/uapi/prog-types.ts';
import { badCtxAccess } from '../../engine/verifier/ctx-check.ts';
import { bpf } from '../../src/backends/kernel/attr.ts';
import * as asm from '../support/assembler.ts';
import { ctxProgram } from '../support/ctx-programs.ts';
import { jitInput } from '../support/jit-world.ts';
import { seeded } from '../support/map-world.ts';
import { noKernel } from './judge.ts';
import { skipText } from './needs.ts';

const LICENSE = new TextEncoder().encode('GPL\0');
const EACCES = 13;
const SLEEPABLE = 1 << 4;
/** Further behind contexts of any size nothing else is. */
const BEYOND = 216;

/** [type, expected_attach_type] */
const TYPES: readonly (readonly [ProgTypeName, number])[] = [
  ...(
    ['SOCKET_FILTER', 'SCHED_CLS', 'SCHED_ACT', 'LWT_IN', 'LWT_OUT', 'LWT_XMIT', 'LWT_SEG6LOCAL', 'XDP'] as const
  ).map((name) => [name, 0] as const),
  ...[['CGROUP_SKB', 0] as const, ['CGROUP_SKB', 1] as const, ['XDP', 33] as const, ['FLOW_DISSECTOR', 0] as const],
  ...[['SK_LOOKUP', 36] as const, ['NETFILTER', 45] as const, ['RAW_TRACEPOINT', 0] as const, ['SYSCALL', 0] as const],
];

/** 0, or the errno of BPF_PROG_LOAD. */
function loaded(insns: Uint8Array, type: number, attach: number): number {
  const flags = type === PROG_TYPE.SYSCALL ? SLEEPABLE : 0;
  const attrs = { prog_type: type, insn_cnt: insns.length / 8, insns, license: LICENSE };
  const fd = bpf('PROG_LOAD', { ...attrs, expected_attach_type: attach, prog_flags: flags });
  if (fd >= 0) closeSync(fd);
  return Math.max(0, -fd);
}

function access(off: number, size: number, write: boolean): Uint8Array {
  const line = write ? asm.storeImm(size, 1, off, 0) : asm.load(size, 2, 1, off);
  return asm.assemble([line, asm.mov(0, 0), asm.exit()]).insns;
}

/** Places where the table and the kernel differ. */
function disagreements(struct: CtxStruct, type: number, attach: number): string[] {
  const found: string[] = [];
  for (let off = -8; off < Math.min(struct.size + 8, BEYOND); off++) {
    for (const size of [1, 2, 4, 8]) {
      for (const write of [false, true]) {
        const errno = loaded(access(off, size, write), type, attach);
        const ours = ctxField(struct, off, size, write) === undefined ? EACCES : 0;
        if (errno !== ours) found.push(`${write ? 'store' : 'load'} of ${size} at ${off}: kernel ${errno}`);
      }
    }
  }
  return found;
}

/** Whether the engine would refuse a tc program for its context. */
function refused(insns: Uint8Array): boolean {
  const ctx = ctxStructOf(PROG_TYPE.SCHED_CLS)!;
  const compiled = compileProgram(jitInput(insns, { ctx }));
  const decoded = decodeProgram(insns, [{ start: 0 }], 'p');
  if (!compiled.ok || !decoded.ok) throw new Error('a random program is none');
  const surroundings = { frozen: () => null, helper: () => undefined, map: () => undefined, isGlobal: () => false };
  return badCtxAccess({ d: decoded.value, ctx, suspects: compiled.value.ctx_suspects, ...surroundings }) !== null;
}

const COUNT = 1000;
const SEED = Number(process.env.SEED ?? 1);

describe.skipIf(noKernel !== null)(`accesses of the context${skipText(noKernel)}`, () => {
  for (const [name, attach] of TYPES) {
    test(`${name}${attach === 0 ? '' : `, attach type ${attach}`}: every place`, () => {
      const type = PROG_TYPE[name];
      expect(disagreements(ctxStructOf(type, attach)!, type, attach)).toEqual([]);
    }, 60_000);
  }

  test(`${COUNT} random programs, SEED=${SEED}: what a kernel loads is not refused, most of what it refuses is`, () => {
    const random = seeded(SEED);
    const wrong: string[] = [];
    let [both, kernel] = [0, 0];
    for (let i = 0; i < COUNT; i++) {
      const insns = ctxProgram(random);
      const errno = loaded(insns, PROG_TYPE.SCHED_CLS, 0);
      const ours = refused(insns);
      if (errno === 0 && ours) wrong.push(`number ${i}`);
      if (errno === EACCES) kernel++;
      if (errno === EACCES && ours) both++;
    }
    expect(wrong).toEqual([]);
    expect(both).toBeGreaterThan(0.75 * kernel);
    expect(kernel).toBeGreaterThan(COUNT / 4);
  }, 60_000);
});
