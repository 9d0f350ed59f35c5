/** One random program on the engine and on the kernel: refused, alike, or different in these fields. */
import type { ProgRunResult } from '../../../engine/index.ts';
import { loadObject } from '../../../engine/load/load-object.ts';
import { progRun } from '../../../engine/run/prog-run.ts';
import type { RunReply } from '../../../src/backends/backend.ts';
import { pinToCpu } from '../../../src/backends/kernel/cpu.ts';
import { LoadedInKernel } from '../../../src/backends/kernel/loaded.ts';
import { testRun } from '../../../src/backends/kernel/run.ts';
import type { MapUpdate } from '../../../src/backends/presets.ts';
import { compareReplies, type Mismatch } from '../../../src/expect/compare-replies.ts';
import type { Input, RandomProgram } from './program.ts';
import { PROGRAM, type Prepared, prepare } from './spec.ts';
import type { Tree } from './tree.ts';

export type Verdict =
  | { readonly kind: 'refused'; readonly why: string }
  | {
      readonly kind: 'ran';
      readonly mismatches: readonly Mismatch[];
      readonly insns_executed: number;
      readonly prepared: Prepared;
    };

/** Instructions the engine may execute; programs the verifier accepts end long before. */
const BUDGET = 50_000_000;

function updatesOf(program: Input): MapUpdate[] {
  return Object.entries(program.content).flatMap(([map, pairs]) =>
    pairs.map(([key, bytes]): MapUpdate => ({ map, key, value: { kind: 'bytes', bytes }, path: map })),
  );
}

function onKernel({ spec }: Prepared, program: Input): RunReply | string {
  const loaded = new LoadedInKernel(spec);
  try {
    const wrong = loaded.load({ program: PROGRAM, type: 0, updates: updatesOf(program), quiet: true });
    if (wrong !== null) return wrong.refusal.message;
    pinToCpu(0);
    const outcome = testRun(loaded.programs.get(PROGRAM)!.fd, program.type, { data_in: program.packet });
    const result: ProgRunResult = { ...outcome, printk: [], records: [] };
    return { result, refusal: null, maps: loaded.dump(), maps_before: [] };
  } finally {
    loaded.close();
  }
}

function onEngine({ spec }: Prepared, program: Input): RunReply {
  const object = loadObject(spec);
  if (!object.ok) return { result: null, refusal: object.error, maps: [], maps_before: [] };
  for (const { map, key, value } of updatesOf(program)) {
    if (value.kind === 'bytes') object.value.map(map)!.userUpdate(key, value.bytes, 0);
  }
  const ran = progRun(object.value, PROGRAM, { data_in: program.packet, budget: BUDGET });
  if (!ran.ok) return { result: null, refusal: ran.error, maps: [], maps_before: [] };
  return { result: ran.value, refusal: null, maps: object.value.dumpMaps(), maps_before: [] };
}

/** `tree`: the program's, or what a reducer left of it. */
export function judge(program: RandomProgram, tree: Tree = program.tree): Verdict {
  return judgePrepared(prepare(program, tree), program);
}

export function judgePrepared(prepared: Prepared, program: Input): Verdict {
  const kernel = onKernel(prepared, program);
  if (typeof kernel === 'string') return { kind: 'refused', why: kernel };
  let engine: RunReply;
  try {
    engine = onEngine(prepared, program);
  } catch (thrown) {
    const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    const mismatches = [{ field: 'engine', engine: message, kernel: null }];
    return { kind: 'ran', mismatches, insns_executed: 0, prepared };
  }
  // Only the backends put names beside ids.
  const mismatches = compareReplies(engine, kernel, { ignore: ['maps.jumps'] });
  return { kind: 'ran', mismatches, insns_executed: engine.result?.insns_executed ?? 0, prepared };
}
