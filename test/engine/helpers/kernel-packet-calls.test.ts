/** Sequences of packet helper calls: results, packet, context after each call, as the kernel had them. */
import { expect, test } from 'bun:test';
import { differences, recordings } from '../../support/helper-ops.ts';

const LINES = [...recordings(new URL('./kernel-packet-calls.txt', import.meta.url)).values()].flat();

for (const program of ['k_xdp', 'k_tc', 'k_lwt', 'k_cg', 'k_sock']) {
  test(`${program}: every recorded sequence ends as it did on the kernel`, () => {
    const lines = LINES.filter((line) => line.given[0] === program);
    expect(lines.length).toBeGreaterThan(4);
    expect(differences(lines)).toEqual([]);
  });
}
