/** Many random programs in a row: counts, opcode histogram, what was refused and why, mismatches. */

import type { Mismatch } from '../../../src/expect/compare-replies.ts';
import { judge } from './judge.ts';
import { opcodeName } from './opcodes.ts';
import { type RandomProgram, randomProgram } from './program.ts';

export interface Found {
  readonly program: RandomProgram;
  readonly mismatches: readonly Mismatch[];
}

export interface Campaign {
  readonly accepted: number;
  /** The kernel's reasons, numbers left out, with how often each was given and a seed. */
  readonly refused: ReadonlyMap<string, { readonly count: number; readonly seed: number }>;
  readonly found: readonly Found[];
  /** In how many accepted programs each opcode occurs. */
  readonly opcodes: ReadonlyMap<string, number>;
  readonly median_insns_executed: number;
}

export interface CampaignOpts {
  /** Accepted programs wanted. */
  readonly count: number;
  readonly seed: number;
  /** Mismatches after which to stop. */
  readonly found_max: number;
  readonly progress?: (accepted: number) => void;
}

/** Runs seeds one after the other, from `seed` on, until `count` programs were accepted. */
export function runCampaign(opts: CampaignOpts): Campaign {
  const refused = new Map<string, { count: number; seed: number }>();
  const found: Found[] = [];
  const opcodes = new Map<string, number>();
  const executed: number[] = [];
  for (let seed = opts.seed; executed.length < opts.count && found.length < opts.found_max; seed++) {
    const program = randomProgram(seed);
    const verdict = judge(program);
    if (verdict.kind === 'refused') {
      const why = verdict.why.replaceAll(/\d+/g, 'N');
      refused.set(why, { count: (refused.get(why)?.count ?? 0) + 1, seed });
      // A generator whose programs are refused judges nothing.
      const total = [...refused.values()].reduce((sum, one) => sum + one.count, 0);
      if (total > 100 && total > executed.length) throw new Error(`the kernel refuses most programs: ${why}`);
      continue;
    }
    executed.push(verdict.insns_executed);
    for (const name of new Set(verdict.prepared.flat.ops.map(opcodeName)))
      opcodes.set(name, (opcodes.get(name) ?? 0) + 1);
    if (verdict.mismatches.length > 0) found.push({ program, mismatches: verdict.mismatches });
    if (executed.length % 1000 === 0) opts.progress?.(executed.length);
  }
  const sorted = executed.toSorted((a, b) => a - b);
  const median_insns_executed = sorted[sorted.length >> 1] ?? 0;
  return { accepted: executed.length, refused, found, opcodes, median_insns_executed };
}
