/** All instruction tests of the public conformance suite, in process. They lie outside the project: skipped where that is not there. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { CTX_BASE, PRIV } from '../../engine/layout.ts';
import type { HelperProto } from '../../engine/uapi/helper-protos.ts';
import { insnCount, readInsn } from '../../engine/uapi/insn.ts';
import { JitWorld, jitInput } from '../support/jit-world.ts';

const FILE = new URL('../../../shared/isa/conformance.json', import.meta.url);

interface Row {
  readonly name: string;
  readonly mem: string;
  readonly code: string;
  readonly result: string;
}

/** Helper 5 of the suite hands its first argument back. */
const IDENTITY: HelperProto = { id: 5, name: 'identity', args: ['u64'], ret: 'u64' };

/** Subprograms start where calls of BPF functions go. */
function subprogs(code: Uint8Array): { name: string; start: number }[] {
  const starts = new Set([0]);
  for (let i = 0; i < insnCount(code); i++) {
    const { op, src, imm } = readInsn(code, i);
    if (op === 0x85 && src === 1) starts.add(i + 1 + imm);
    if (op === 0x18) i++;
  }
  return [...starts].sort((a, b) => a - b).map((start) => ({ name: `f${start}`, start }));
}

const rows: Row[] = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : [];

describe.skipIf(rows.length === 0)('instruction conformance (skipped without ../shared/isa/conformance.json)', () => {
  const world = new JitWorld();
  const helpers = {
    identity(lo: number, hi: number): number {
      world.mem.i32[PRIV.R0 >> 2] = lo;
      world.mem.i32[(PRIV.R0 >> 2) + 1] = hi;
      return 0;
    },
  };
  for (const row of rows) {
    test(row.name, () => {
      const code = Uint8Array.from(Buffer.from(row.code, 'hex'));
      const mem = Uint8Array.from(Buffer.from(row.mem, 'hex'));
      world.setCtx(mem);
      const input = jitInput(code, { subprogs: subprogs(code), helpers: new Map([[5, IDENTITY]]) });
      const run = world.run(world.load(input, helpers), mem.length > 0 ? CTX_BASE : 0, mem.length);
      expect(run.fault).toBeNull();
      expect(run.r0).toBe(BigInt(row.result));
    });
  }
});
