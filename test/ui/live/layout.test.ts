/** The live screen's boxes at every size: they fit, and no table is without its head. */
import { expect, test } from 'bun:test';
import type { InterfaceRow } from '../../../src/live-view.ts';
import { cells, lineCells } from '../../../ui/cells.ts';
import { bar, columns } from '../../../ui/live/bars.ts';
import { liveLayout } from '../../../ui/live/layout.ts';
import { errorLines, interfaceLines } from '../../../ui/live/table.ts';

test('heights fill the rows exactly, from 20x5 to 240x80, with few devices and many', () => {
  for (let width = 20; width <= 240; width += 5) {
    for (let rows = 5; rows <= 80; rows++) {
      for (const devices of [1, 6, 60]) {
        const at = liveLayout(width, rows, devices);
        const panels = at.interfaces + at.middle + at.rate + at.errors;
        const fixed = at.kind === 'tiny' ? 2 : 3;
        expect(panels + at.hints + fixed).toBe(rows);
      }
    }
  }
});

const row: InterfaceRow = {
  ...{
    key: 'near 2',
    name: 'a-very-long-name',
    netns: 'near',
    state: 'DOWN',
    rx: '15.6 k',
    pass: '1.2 k',
    drop: '312',
  },
  ...{
    tx: '0',
    redirect: '10.1 k',
    xmit: '0',
    err: '2.1 k',
    total_err: '101 k',
    why: 'egress drop',
    why_long: 'egress drop: an egress program may only pass or drop',
    ingress: false,
    tag: 'bad',
  },
};
const error = {
  ...{
    key: 'xdp_redirect_err 100',
    count: '101,212',
    rate: '2.1 k/s',
    tracepoint: 'xdp_redirect_err',
    reason: 'ENETDOWN (-100)',
    detail: '→ veth2',
  },
  last: '00:01:24',
  why: '101,212 frames: veth2 is administratively down (-100 ENETDOWN)',
};

const cursor = (at: number) => ({ at, focused: true });

test('tables are never wider than there is room; WHY and ERR stay', () => {
  for (let width = 30; width <= 240; width++) {
    const lines = [...interfaceLines([row], cursor(0), true, width, 4), ...errorLines([error], cursor(0), width, 4)];
    for (const line of lines) expect(lineCells(line)).toBeLessThanOrEqual(width);
  }
  const text = interfaceLines([row], cursor(0), true, 58, 4).map((line) => line.map((one) => one.text).join(''));
  expect(text[0]).toContain('ERR/s WHY');
  expect(text[1]).toContain('egress drop');
});

test('the cursor is in view', () => {
  const rows = Array.from({ length: 9 }, (_, i) => ({ ...row, key: String(i), name: `dev${i}` }));
  const lines = interfaceLines(rows, cursor(8), true, 98, 4);
  expect(lines).toHaveLength(4);
  expect(
    lines
      .at(-1)!
      .map((one) => one.text)
      .join(''),
  ).toStartWith('▌dev8');
});

test('bars', () => {
  expect([bar(0, 8), bar(1, 8), bar(0.5, 8), bar(1 / 64, 8)]).toEqual(['', '████████', '████', '▏']);
  expect(columns([0, 1, 8, 16], 16, 5, 2)).toEqual(['    █', '  ▁██']);
  expect(cells(columns([], 1, 7, 1)[0]!)).toBe(7);
});
