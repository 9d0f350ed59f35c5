/** The lines of the case tree around the cursor: what they are part of stays in sight. */
import { expect, test } from 'bun:test';
import type { TreeRow } from '../../src/view.ts';
import { treeLines } from '../../ui/tree-lines.ts';

const row = (kind: TreeRow['kind'], name: string): TreeRow => ({
  key: name,
  kind,
  sign: { text: '✓', tag: 'good' },
  name: { text: name, tag: 'plain' },
  right: [],
  reason: null,
});
const ROWS = [
  row('object', 'lb.o'),
  row('program', 'xdp_lb'),
  ...Array.from({ length: 30 }, (_, i) => row('case', `case ${i}`)),
];
const names = (cursor: number, height: number) =>
  treeLines({ rows: ROWS, cursor, width: 40, height, reasons: false }).map((one) =>
    one.line
      .map((span) => span.text)
      .join('')
      .replace(/[▌✓]/g, '')
      .trim(),
  );

test('object and program stand over the cases of a long list', () => {
  const lines = names(20, 10);
  expect(lines).toHaveLength(10);
  expect(lines.slice(0, 2)).toEqual(['lb.o', 'xdp_lb']);
  expect(lines).toContain('case 18');
});

test('the cursor is always in sight, wherever it is', () => {
  for (let cursor = 0; cursor < ROWS.length; cursor++) {
    for (const height of [1, 3, 8, 12]) expect(names(cursor, height)).toContain(ROWS[cursor]!.name.text);
  }
});
