/** Boxes at every size from 20x5 to 240x80: they fill the terminal and no more. */
import { expect, test } from 'bun:test';
import { layout, windowStart } from '../../ui/layout.ts';

test('panes, events and fixed lines add up to the terminal', () => {
  for (let columns = 20; columns <= 240; columns++) {
    for (let rows = 5; rows <= 80; rows++) {
      const at = layout(columns, rows);
      if (at.kind === 'tiny') continue;
      const width = at.list.width + (at.detail?.width ?? 0) + (at.side?.width ?? 0);
      const height = at.list.height + at.events + 3 + (at.roomy ? 2 : 0);
      expect([columns, rows, width, height]).toEqual([columns, rows, columns, rows]);
      expect(at.list.height).toBeGreaterThan(8);
    }
  }
});

test.each([
  [59, 30, 'tiny'],
  [60, 15, 'tiny'],
  [60, 16, 'one'],
  [99, 30, 'one'],
  [100, 30, 'two'],
  [120, 30, 'three'],
])('%i by %i: %s', (columns, rows, kind) => {
  expect(layout(columns, rows).kind).toBe(kind as never);
});

test('a long list keeps the cursor in view', () => {
  for (let cursor = 0; cursor < 100; cursor++) {
    const first = windowStart(cursor, 100, 10);
    expect(cursor).toBeGreaterThanOrEqual(first);
    expect(cursor).toBeLessThan(first + 10);
    expect(first + 10).toBeLessThanOrEqual(100);
  }
});
