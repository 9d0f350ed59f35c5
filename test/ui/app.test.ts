/** The screen drawn at many sizes: nothing overflows, the verdict is always there, keys become commands. */
import { describe, expect, test } from 'bun:test';
import { view } from '../../src/view.ts';
import { draw } from '../support/render.ts';
import { after, STATES, size } from '../support/states.ts';

const SIZES = [
  [20, 5],
  [39, 9],
  [59, 40],
  [60, 16],
  [80, 24],
  [99, 20],
  [100, 30],
  [120, 40],
  [160, 16],
  [240, 80],
] as const;

function vmOf(name: string, columns: number, rows: number) {
  return view(after(size(columns, rows), ...(STATES[name] ?? [])));
}

describe.each(Object.keys(STATES))('%s', (name) => {
  test.each(SIZES)('%i columns and %i rows hold it', async (columns, rows) => {
    const { lines } = await draw(vmOf(name, columns, rows), columns, rows);
    expect(lines.length).toBeLessThanOrEqual(rows);
    const wide = lines.filter((line) => Bun.stringWidth(line) > columns);
    expect(wide).toEqual([]);
  });
});

test('the verdict is on line 2 of every size with panes, on line 1 below', async () => {
  const vm = vmOf('failing', 80, 24);
  expect((await draw(vm, 80, 24)).lines[1]).toContain('✗ FAIL   3 failed');
  expect((await draw(vm, 40, 8)).lines[0]).toContain('✗ FAIL');
});

test('one pane: the reason stands under what failed', async () => {
  const { lines } = await draw(vmOf('failing', 80, 24), 80, 24);
  const at = lines.findIndex((line) => line.includes('✗ ipv6 flow is encapsulated'));
  expect(lines[at]).toContain('▌');
  expect(lines[at + 1]).toContain('XDP_TX (3) expected, XDP_DROP (1) received');
});

test('two panes: the detail of the case under the cursor beside the list', async () => {
  const text = (await draw(vmOf('failing', 100, 30), 100, 30)).lines.join('\n');
  expect(text).toContain('1/3 failed');
  expect(text).toMatch(/retval\s+expected {2}XDP_TX \(3\)/);
});

test('three panes: the summary table of all objects', async () => {
  const text = (await draw(vmOf('failing', 140, 40), 140, 40)).lines.join('\n');
  expect(text).toMatch(/object\s+✓\s+✗\s+·\s+time/);
  expect(text).toMatch(/fw\.o\s+39\s+1/);
});

test('ASCII alone', async () => {
  const { lines } = await draw(vmOf('passing', 100, 30), 100, 30, '', true);
  expect(lines.join('')).toMatch(/^[ -~]*$/);
});

test('a frame of a file with a mistake is shown with its line', async () => {
  const text = (await draw(vmOf('file error', 120, 40), 120, 40)).lines.join('\n');
  expect(text).toContain('test/x.case.ts:3');
  expect(text).toContain('▸ 3 │ test({');
});

test('fast typing is many keys; a key that means nothing now is none', async () => {
  const { commands } = await draw(vmOf('failing', 100, 30), 100, 30, 'jjxaq');
  expect(commands).toEqual([{ do: 'move', by: 1 }, { do: 'move', by: 1 }, { do: 'rerun-all' }, { do: 'quit' }]);
});

test('an open case: headers beside each other, bytes over each other, maps, printk, the place of its fault', async () => {
  const text = (await draw(vmOf('failure', 100, 40), 100, 40)).lines.join('\n');
  expect(text).toContain('✗ build/lb.o › xdp_lb › ipv4 syn goes to backend 2');
  expect(text).toMatch(/HEADER\s+EXPECTED 47 B\s+RECEIVED 47 B/);
  expect(text).toMatch(/ttl\s+64\s+63/);
  expect(text).toMatch(/0010 - 00 21.*40 11[\s\S]*0010 \+ 00 21.*3f 11[\s\S]*\^\^\s+1 of 2/);
  expect(text).toContain('~ stats[0].dropped  0 → 1');
  expect(text).toContain('lb: no backend for key 7');
  expect(text).toMatch(/▸ 31 │ return data\[2000\];/);
});

test('an open case: keys of its panes, none of panes it has not', async () => {
  const { commands } = await draw(vmOf('failure', 100, 30), 100, 30, 'x]dmW');
  expect(commands).toEqual([
    { do: 'focus', on: 'hex' },
    { do: 'failure', by: 1 },
    { do: 'difference', by: 1, of: 2 },
    { do: 'focus', on: 'maps' },
  ]);
});

test('while text is typed every key is text, Esc and Enter apart', async () => {
  const typing = await draw(vmOf('typing a filter', 80, 24), 80, 24, 'qa 1');
  expect(typing.lines.at(-1)).toContain(' name ipv▌  2 cases');
  expect(typing.commands).toEqual(['q', 'a', ' ', '1'].map((text) => ({ do: 'type', text })));
  expect((await draw(vmOf('typing a filter', 80, 24), 80, 24, '\r')).commands).toEqual([{ do: 'accept' }]);
});

test('in what is open, moving scrolls no further than there are lines', async () => {
  const { commands } = await draw(vmOf('log', 100, 30), 100, 30, 'jG');
  expect(commands).toEqual([
    { do: 'scroll', to: 0 },
    { do: 'scroll', to: 0 },
  ]);
});
