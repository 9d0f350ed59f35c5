/** Five thousand random programs the verifier accepts, and the reduced ones of old mismatches: engine and kernel agree on all. */
import { describe, expect, test } from 'bun:test';
import { runCampaign } from '../fuzz/kernel/campaign.ts';
import { EVERY_OPCODE } from '../fuzz/kernel/opcodes.ts';
import { noKernel } from './judge.ts';

const COUNT = 5000;
const PROGRAMS_PER_OPCODE = 100;
/** As `SEED=` says, else one that changes by the day, so that many are tried in time while a day's runs repeat. */
const SEED = Number(process.env.SEED ?? Math.floor(Date.now() / 86_400_000) * 10_000);

describe.skipIf(noKernel !== null)(`random programs${noKernel === null ? '' : ` (skipped: ${noKernel})`}`, () => {
  test(`${COUNT} accepted programs, SEED=${SEED}`, () => {
    const campaign = runCampaign({ count: COUNT, seed: SEED, found_max: 3 });
    const found = campaign.found.map(({ program, mismatches }) => ({
      seed: program.seed,
      first: mismatches.slice(0, 3),
    }));
    expect(found).toEqual([]);
    expect(campaign.accepted).toBe(COUNT);
    const rare = EVERY_OPCODE.filter((name) => (campaign.opcodes.get(name) ?? 0) < PROGRAMS_PER_OPCODE);
    expect(rare).toEqual([]);
    expect(campaign.median_insns_executed).toBeGreaterThanOrEqual(50);
  }, 600_000);
});
