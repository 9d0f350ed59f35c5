/** `bun run fuzz:kernel [--count N] [--seed N]`: random programs on engine and kernel until N were accepted; mismatches reduced. */
import { parseArgs } from 'node:util';
import { probeKernel } from '../../../src/backends/kernel-probe.ts';
import { runCampaign } from './campaign.ts';
import { judge } from './judge.ts';
import { EVERY_OPCODE } from './opcodes.ts';
import { reduce } from './reduce.ts';
import { flatten } from './tree.ts';

const FOUND_MAX = 5;

function options(): { readonly count: number; readonly seed: number } {
  const { values } = parseArgs({ options: { count: { type: 'string' }, seed: { type: 'string' } } });
  const given = values.seed ?? process.env.SEED;
  return {
    count: Number(values.count ?? 5000),
    seed: given === undefined ? 1 + Math.floor(Math.random() * 2 ** 31) : Number(given),
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function main(): number {
  const usable = probeKernel();
  if (!usable.usable) {
    console.log(`skipped: ${usable.reason}`);
    return 0;
  }
  const { count, seed } = options();
  console.log(`SEED=${seed} count ${count}`);
  const started = performance.now();
  const progress = (accepted: number) => console.log(`  ${accepted} accepted`);
  const campaign = runCampaign({ count, seed, found_max: FOUND_MAX, progress });
  const seconds = (performance.now() - started) / 1000;
  for (const { program, mismatches } of campaign.found) {
    console.log(`MISMATCH seed ${program.seed}`, mismatches.slice(0, 4));
    const tree = reduce(program);
    const verdict = judge(program, tree);
    console.log('  reduced:', verdict.kind === 'ran' ? verdict.mismatches.slice(0, 4) : verdict);
    console.log(`  type ${program.type} insns ${hex(flatten(tree).insns)}`);
  }
  for (const [why, { count: times, seed: example }] of campaign.refused)
    console.log(`refused ${times}x (seed ${example}): ${why}`);
  const rows = EVERY_OPCODE.map((name) => [name, campaign.opcodes.get(name) ?? 0] as const);
  console.log('programs with each opcode:');
  for (const [name, programs] of rows.toSorted((a, b) => a[1] - b[1]))
    console.log(`  ${String(programs).padStart(6)}  ${name}`);
  const refused = [...campaign.refused.values()].reduce((sum, one) => sum + one.count, 0);
  console.log(
    `${campaign.accepted} accepted, ${refused} refused, ${campaign.found.length} mismatches, ${seconds.toFixed(1)} s`,
  );
  console.log(`median instructions executed ${campaign.median_insns_executed}; SEED=${seed}`);
  return campaign.found.length === 0 ? 0 : 1;
}

process.exit(main());
