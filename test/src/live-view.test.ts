/** The live screen's view over a run: means and exact batches, units, marks, what is lost now and what was, cursors that stay on their row. */
import { expect, test } from 'bun:test';
import { chosen, chosenError } from '../../src/live/choose.ts';
import type { LiveKeyCommand } from '../../src/live-view.ts';
import { benchRequest, ShownRun } from '../support/live/view.ts';

function press(shown: ShownRun, ...commands: LiveKeyCommand[]): void {
  for (const command of commands) shown.state = chosen(shown.state, shown.view, command);
}

const row = (shown: ShownRun, name: string) => shown.view.interfaces.find((one) => one.name === name)!;

test('before the first sample: nothing, and it says so', () => {
  const { view } = new ShownRun(benchRequest('lv_tx'));
  expect(view.status[0]!.text).toBe('opening');
  expect(view.batchTitle).toBe('Batch, mean of the last second');
  expect([view.errors, view.hints, view.history, view.marks]).toEqual([[], [], [], []]);
});

test('while it runs a mean, which says that it is one; a batch alone exactly, with its number', () => {
  const shown = new ShownRun(benchRequest('lv_redir'));
  shown.go(11, 3);
  expect(shown.view).toMatchObject({
    ...{ batchTitle: 'Batch, mean of the last second', batchNote: 'mean of 30 · last #33', unit: 'per second' },
    batchFoot: '0/s of 1.92 k/s redirects failed',
  });
  expect(shown.view.batch).toContainEqual({ name: 'REDIRECT', rate: '1.92 k/s', count: '64', share: 1 });
  expect(row(shown, 'b')).toMatchObject({ xmit: '1.92 k', err: '0', why: '-' });
  shown.opened.run.batch_size = 8;
  shown.opened.run.setLink('near', 3, false);
  shown.step();
  expect(shown.view).toMatchObject({
    ...{ batchTitle: 'Last batch, 8 frames', batchNote: '#34 · 1.0 ms', unit: 'this batch' },
    batchFoot: '8 of 8 redirects failed · 8 recycled',
  });
  expect(shown.view.batch).toContainEqual({ name: 'REDIRECT', rate: '', count: '8', share: 1 });
  expect(row(shown, 'a')).toMatchObject({ rx: '8', redirect: '8' });
  expect(row(shown, 'b')).toMatchObject({ state: 'DOWN', xmit: '0', err: '8', why: 'down' });
  expect(shown.view.errors).toMatchObject([{ count: '8', rate: '+8', reason: 'ENETDOWN (-100)', detail: '→ b' }]);
  press(shown, { do: 'unit' });
  expect(shown.view.unit).toBe('totals');
  expect(row(shown, 'b')).toMatchObject({ xmit: '2.11 k', err: '8' });
});

test('what is lost now has a hint that mends it; what was lost before is told as such', () => {
  const shown = new ShownRun(benchRequest('lv_redir'));
  shown.opened.run.setLink('near', 3, false);
  shown.go(3, 1);
  expect(shown.view.hints).toEqual([
    {
      ...{ mend: 'ip link set b up (up=yes)', tag: 'plain' },
      why: '192 frames: b is administratively down (-100 ENETDOWN)',
    },
  ]);
  shown.opened.run.setLink('near', 3, true);
  shown.go(20, 1);
  expect(shown.view.hints).toMatchObject([
    { mend: '', tag: 'dim', why: expect.stringMatching(/^earlier, 192 frames/) },
  ]);
  expect(row(shown, 'b')).toMatchObject({ state: 'up', why: 'was down', why_long: 'was down', tag: 'plain' });
  // Paused: nothing goes on, and what went on at the end still counts as going on.
  shown.opened.run.setLink('near', 3, false);
  shown.go(2, 1);
  shown.go(30, 0, { running: false });
  expect(shown.view.hints).toMatchObject([{ mend: 'ip link set b up (up=yes)' }]);
});

test('what changed is marked under the rate and stands in the log, with what was printed', () => {
  const shown = new ShownRun(benchRequest('lv_redir'));
  shown.go(12, 1);
  shown.opened.run.setLink('near', 3, false);
  shown.go(6, 1, { rate: 5000 });
  shown.go(1, 1, { printk: ['hello \u001b[31m'] });
  expect(shown.view.history).toHaveLength(3);
  expect(shown.view.marks).toEqual([
    { ago: 1, text: 'b down' },
    { ago: 1, text: 'rate 5.00 k/s' },
  ]);
  press(shown, { do: 'log' });
  const lines = shown.view.overlay!.lines.map((line) => line.map(({ text }) => text).join(''));
  expect(lines).toEqual(
    ['00:00:01  hello ', '00:00:01  rate 5.00 k/s', '00:00:01  b down'].map((text) =>
      expect.stringContaining(text.trim()),
    ),
  );
  expect(lines.join('')).not.toContain('\u001b');
  press(shown, { do: 'back' });
  expect(shown.view.overlay).toBeNull();
});

test('cursors stay on their rows whatever the order; Enter finds the error of the row', () => {
  const shown = new ShownRun(benchRequest('lv_redir'));
  shown.opened.run.setLink('near', 3, false);
  shown.go(3, 1);
  expect(chosenError(shown.state, shown.view)).toBeNull();
  press(shown, { do: 'move', by: 1 });
  const at = () => shown.view.interfaces[shown.view.cursor]!.name;
  expect(at()).toBe('b');
  const key = shown.view.errors[0]!.key;
  expect(chosenError(shown.state, shown.view)).toBe(key);
  press(shown, { do: 'sort' }, { do: 'sort' });
  expect([shown.view.sort, shown.view.interfaces[0]!.name, at()]).toEqual(['errors', 'b', 'b']);
  press(shown, { do: 'focus' }, { do: 'move', by: 9 });
  expect([shown.view.focus, shown.view.errorCursor, chosenError(shown.state, shown.view)]).toEqual(['errors', 0, key]);
  press(shown, { do: 'back' });
  expect(shown.view.focus).toBe('interfaces');
  press(shown, { do: 'search' }, { do: 'type', text: 'PEER' });
  expect(shown.view.search).toEqual({ text: 'PEER', typing: true, matches: 2 });
  expect(at()).toEndWith('-peer');
  const first = at();
  press(shown, { do: 'accept' }, { do: 'next', by: 1 });
  expect(at()).not.toBe(first);
  press(shown, { do: 'next', by: 1 });
  expect([at(), shown.view.search?.typing]).toEqual([first, false]);
  press(shown, { do: 'search' }, { do: 'type', text: 'x' }, { do: 'erase' }, { do: 'accept' });
  expect(shown.view.search).toBeNull();
});
