/** Runs bare instructions over a block of memory, as conformance suites do: no object, no context struct, no maps. */
import { invariant, ok, type Result, refuse } from '../errors.ts';
import { PRIV, REGION } from '../layout.ts';
import { helpersUsed } from '../load/check-program.ts';
import { Program } from '../load/program.ts';
import { makeWorld } from '../load/world.ts';
import type { ProgramSpec, SubprogSpec } from '../object/spec.ts';
import { ERRNO } from '../uapi/errno.ts';
import { insnCount, readInsn, writeInsn } from '../uapi/insn.ts';
import { LDDW, PSEUDO_CALL } from '../uapi/opcodes.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { execute } from './execute.ts';

const OP_CALL = 0x85;
const OP_MOV64_X = 0xbf;
/** The suite's own helper: returns its first argument. */
const HELPER_IDENTITY = 5;

/**
 * Runs `code` (struct bpf_insn, little-endian) with r1 = address of `memory` (0 if empty) and r2 = its length, and returns r0.
 * Helper 5 returns r1; there are no other helpers. Refused is what no kernel would load, and a run that ended in a fault.
 */
export function runInsns(code: Uint8Array, memory: Uint8Array): Result<bigint> {
  const world = makeWorld(1);
  const spec = specOf(code);
  const helper = helpersUsed(spec)[0];
  if (helper !== undefined) {
    return refuse(
      'load',
      ERRNO.EINVAL,
      `instruction ${helper.insn} calls helper ${helper.id}, and only ${HELPER_IDENTITY} exists here`,
    );
  }
  const place = world.programs.reserve(spec.name, spec.subprogs.length, () => undefined);
  const patched = { insns: spec.insns, handles: new Set<number>(), poisoned: new Map<number, string>() };
  const program = new Program(world, spec, place, PROG_TYPE.UNSPEC, patched, new Map());
  const translated = program.translate();
  if (!translated.ok) return translated;
  world.programs.add(program);
  const address = memory.length === 0 ? 0 : lend(world.mem, memory);
  const done = execute(world, program, address, { repeat: 1, second: memory.length });
  if (done.fault !== null) return refuse('run', ERRNO.EFAULT, `${done.fault.kind}: ${done.fault.message}`);
  return ok(world.mem.dv.getBigUint64(PRIV.R0, true));
}

function lend(mem: ReturnType<typeof makeWorld>['mem'], memory: Uint8Array): number {
  const base = mem.alloc(memory.length, 8);
  invariant(base !== 0, 'no room for the memory of a program');
  mem.u8.set(memory, base);
  const len = memory.length;
  mem.addRegion({ base, len, stride: 0, elem: len, write: true, kind: REGION.MEM, map: 0 });
  return base;
}

/** The instructions as a program: calls of helper 5 become moves, functions start where calls lead. */
function specOf(code: Uint8Array): ProgramSpec {
  const insns = code.slice();
  const starts = new Set([0]);
  for (let at = 0; at < insnCount(insns); at++) {
    const { op, src, imm } = readInsn(insns, at);
    if (op === LDDW) at++;
    else if (op === OP_CALL && src === PSEUDO_CALL) starts.add(at + 1 + imm);
    else if (op === OP_CALL && src === 0 && imm === HELPER_IDENTITY) {
      writeInsn(insns, at, { op: OP_MOV64_X, dst: 0, src: 1, off: 0, imm: 0 });
    }
  }
  const inside = [...starts].filter((start) => start >= 0 && start < insnCount(insns)).sort((a, b) => a - b);
  const subprogs = inside.map((start): SubprogSpec => ({ name: `f${start}`, start, type_id: 0, global: false }));
  return {
    ...{ name: 'program', section: '', type: PROG_TYPE.UNSPEC, attach_type: 0, attach_target: '', prog_flags: 0 },
    ...{ autoload: true, insns, subprogs, relocs: [], lines: [], tags: [], error: null },
  };
}
