/** `bun run fuzz:kernel [--count N] [--seed N]`: random programs on engine and kernel until N were accepted; mismatches reduced. */
import { parseArgs } from 'node:util';
import { type Campaign, type Found, runCampaign } from '../fuzz/kernel/campaign.ts';
import { judge } from '../fuzz/kernel/judge.ts';
import { EVERY_OPCODE } from '../fuzz/kernel/opcodes.ts';
import { reduce } from '../fuzz/kernel/reduce.ts';
import { save } from '../fuzz/kernel/saved.ts';
import { noKernel } from './judge.ts';

const FOUND_MAX = 5;
/** In a run of this many programs every opcode occurs in so many of them, and the middle one executes so many instructions. */
const ENOUGH = { programs: 5000, per_opcode: 100, insns_executed: 50 } as const;

interface Options {
  readonly count: number;
  readonly seed: number;
}

function options(): Options {
  const { values } = parseArgs({ options: { count: { type: 'string' }, seed: { type: 'string' } } });
  const seed = values.seed ?? process.env.SEED ?? 1 + Math.floor(Math.random() * 2 ** 31);
  return { count: Number(values.count ?? ENOUGH.programs), seed: Number(seed) };
}

/** What a campaign lacks to mean something, in sentences; nothing is asked of short ones. */
function shortcomings(campaign: Campaign): string[] {
  if (campaign.accepted < ENOUGH.programs) return [];
  const rare = EVERY_OPCODE.filter((name) => (campaign.opcodes.get(name) ?? 0) < ENOUGH.per_opcode);
  const lacks = rare.map((name) => `${name} occurs in ${campaign.opcodes.get(name) ?? 0} programs only`);
  const median = campaign.median_insns_executed;
  if (median < ENOUGH.insns_executed) lacks.push(`the median program executes ${median} instructions only`);
  return lacks;
}

function showFound({ program, mismatches }: Found): void {
  console.log(`MISMATCH seed ${program.seed}`, mismatches.slice(0, 4));
  const tree = reduce(program);
  const verdict = judge(program, tree);
  console.log('  reduced:', verdict.kind === 'ran' ? verdict.mismatches.slice(0, 4) : verdict);
  console.log(`  for fixtures/regress: ${JSON.stringify(save(program, tree, ''))}`);
}

function showHistogram(campaign: Campaign): void {
  const rows = EVERY_OPCODE.map((name) => [name, campaign.opcodes.get(name) ?? 0] as const);
  const texts = rows.toSorted((a, b) => a[1] - b[1]).map(([name, count]) => `${name} ${count}`);
  console.log(`programs with each opcode: ${texts.join(', ')}`);
}

function main(): number {
  if (noKernel !== null) {
    console.log(`skipped: ${noKernel}`);
    return 0;
  }
  const { count, seed } = options();
  console.log(`SEED=${seed} count ${count}`);
  const started = performance.now();
  const progress = (accepted: number) => console.log(`  ${accepted} accepted`);
  const campaign = runCampaign({ count, seed, found_max: FOUND_MAX, progress });
  const seconds = (performance.now() - started) / 1000;
  for (const found of campaign.found) showFound(found);
  for (const [why, { count: times, seed: example }] of campaign.refused) {
    console.log(`refused ${times}x (seed ${example}): ${why}`);
  }
  showHistogram(campaign);
  const refused = [...campaign.refused.values()].reduce((sum, one) => sum + one.count, 0);
  console.log(`median instructions executed ${campaign.median_insns_executed}; SEED=${seed}`);
  const lacks = shortcomings(campaign);
  for (const lack of lacks) console.log(`too little: ${lack}`);
  console.log(
    `${campaign.accepted} accepted, ${refused} refused, ${campaign.found.length} mismatches, ${seconds.toFixed(1)} s`,
  );
  return campaign.found.length === 0 && lacks.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exit(main());

export { shortcomings };
