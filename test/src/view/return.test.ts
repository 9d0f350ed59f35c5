/** The `return` that a run ended with: that of debug information, or the one of its verdict that has no line of its own. */
import { expect, test } from 'bun:test';
import type { TestOutcome } from '../../../src/outcome.ts';
import { returnPlace } from '../../../src/view/return.ts';
import { unexplained } from '../../../src/why/rerun.ts';
import { outcomeOf, settled } from '../../support/settled.ts';

const SOURCE = [
  'int balance(struct xdp_md *ctx)',
  '{',
  '    switch (proto) {',
  '    case 1: return XDP_DROP;',
  '    default: return XDP_PASS;',
  '    }',
  '}',
  'int other() { return XDP_PASS; }',
];
const source = { path: '/p/lb.bpf.c', lines: SOURCE };
const at = (line: number) => ({ file: 'lb.bpf.c', line, source: SOURCE[line - 1]! });

function came(returned: string, recorded: readonly number[] = []): TestOutcome {
  const lines = recorded.map((line) => ({ line, text: '', executed: false, returned: false }));
  return outcomeOf(settled('a'), 'fail', { returned, why: { ...unexplained(''), source: lines } });
}

test('a line that returns is the place', () => {
  expect(returnPlace(at(4), came('XDP_DROP (1)'), source)).toEqual({ place: at(4), word: 'at' });
});

test('after a line that does not, the one return of this verdict in the function', () => {
  expect(returnPlace(at(3), came('XDP_PASS (2)'), source)).toEqual({ place: at(5), word: 'at' });
});

test('a return that has a line record of its own did not run; with no other the place is said to be before', () => {
  expect(returnPlace(at(3), came('XDP_PASS (2)', [5]), source)).toEqual({ place: at(3), word: 'after' });
  expect(returnPlace(at(3), came('XDP_TX (3)'), source)).toEqual({ place: at(3), word: 'after' });
  expect(returnPlace(at(3), came('XDP_PASS (2)'), null)).toEqual({ place: at(3), word: 'after' });
});
