/** Panes of an open case: they fill what there is and no more, what is wrong comes first, none is lost without an edge. */
import { describe, expect, test } from 'bun:test';
import { failureLayout, PANES, type PaneNeed, type PaneNeeds } from '../../ui/failure-layout.ts';

const need = (lines: number, more: Partial<PaneNeed> = {}): PaneNeed => ({ lines: () => lines, bad: false, ...more });
const ALL: PaneNeeds = {
  packet: need(20, { bad: true }),
  where: need(14),
  maps: need(7, { bad: true }),
  printk: need(2),
  insns: need(400),
};

function boxes(needs: PaneNeeds, width: number, height: number) {
  return failureLayout(needs, width, height).columns.flatMap(({ rows }) => rows.flat());
}

function heightOf(needs: PaneNeeds, name: string, width: number, height: number): number {
  return boxes(needs, width, height).find((box) => box.name === name)?.size.height ?? 0;
}

describe.each([60, 89, 90, 120, 149, 150, 240])('%i columns', (width) => {
  test.each([1, 2, 3, 5, 8, 12, 20, 40, 76])('%i lines hold them', (height) => {
    const { columns } = failureLayout(ALL, width, height);
    expect(columns.reduce((sum, column) => sum + column.width, 0)).toBe(width);
    for (const { rows, width: wide } of columns) {
      const used = rows.reduce((sum, row) => sum + (row[0]?.size.height ?? 0), 0);
      expect(used).toBeLessThanOrEqual(height);
      for (const row of rows) {
        expect(row.reduce((sum, box) => sum + box.size.width, 0)).toBe(wide);
        expect(row[0]!.size.height).not.toBe(2);
      }
    }
  });
});

test('with twenty lines every pane is there, the wrong ones with more than their edges', () => {
  const shown = boxes(ALL, 80, 20);
  expect(shown.map((box) => box.name).sort()).toEqual(PANES.filter((name) => name !== 'insns').sort());
  expect(heightOf(ALL, 'packet', 80, 20)).toBeGreaterThanOrEqual(8);
  expect(heightOf(ALL, 'maps', 80, 20)).toBeGreaterThanOrEqual(4);
});

test('a packet that stayed as it was leaves its lines to the others', () => {
  const same = { ...ALL, packet: need(20, { idle: true }) };
  expect(heightOf(same, 'where', 80, 24)).toBeGreaterThan(heightOf(ALL, 'where', 80, 24));
  expect(heightOf(same, 'packet', 80, 24)).toBeLessThan(heightOf(ALL, 'packet', 80, 24));
});

test('instructions are shown where there are lines to spare', () => {
  expect(heightOf(ALL, 'insns', 200, 56)).toBeGreaterThan(8);
  expect(heightOf(ALL, 'insns', 80, 30)).toBe(0);
});
