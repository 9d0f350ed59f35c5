/** BPF_PROG_RUN by the rules: sizes, contexts, room, flags and limits of every ordinary run, against recordings of the kernel. */
import { expect, test } from 'bun:test';
import { differences, recordings } from '../../support/helper-ops.ts';

const GROUPS = recordings(new URL('./kernel-runs.txt', import.meta.url));

for (const [title, lines] of GROUPS) {
  test(`${title} (${lines.length} runs)`, () => {
    expect(differences(lines)).toEqual([]);
  });
}

test('the recordings are all there', () => {
  expect(GROUPS.size).toBe(14);
  expect([...GROUPS.values()].flat().length).toBeGreaterThan(700);
});
