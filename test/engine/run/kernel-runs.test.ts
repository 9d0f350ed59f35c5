/** BPF_PROG_RUN by the rules: sizes, contexts, room, flags and limits of every ordinary run, against recordings of the kernel. */
import { expect, test } from 'bun:test';
import { differences, recordings, replay } from '../../support/helper-ops.ts';

const GROUPS = recordings(new URL('./kernel-runs.txt', import.meta.url));

for (const [title, lines] of GROUPS) {
  test(`${title} (${lines.length} runs)`, () => {
    expect(differences(lines)).toEqual([]);
  });
}

test('the recordings are all there', () => {
  expect(GROUPS.size).toBe(15);
  expect([...GROUPS.values()].flat().length).toBeGreaterThan(700);
});

test('every errno comes with a reason of its own, success with none', () => {
  const reasons = new Set<string>();
  for (const line of [...GROUPS.values()].flat()) {
    const { errno, reason } = replay(line).run;
    expect(reason !== '').toBe(errno !== 0);
    reasons.add(reason.replace(/\d+|0x[\da-f]+/g, 'N'));
  }
  expect(reasons.size).toBeGreaterThan(30);
});
