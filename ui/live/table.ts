/** Tables of the live screen as lines: columns that give way by priority, never wider than there is room. */
import type { ErrorView, InterfaceRow, Line, Span, Tag } from '../../src/live-view.ts';
import { cells, cut } from '../cells.ts';

interface Column<R> {
  readonly title: string;
  readonly width: number;
  /** What gives way first: the lowest. */
  readonly rank: number;
  readonly right: boolean;
  /** What is left of the line is its own. */
  readonly grows: boolean;
  readonly of: (row: R, width: number) => string;
}

function column<R>(title: string, width: number, rank: number, of: (row: R) => string, right = true): Column<R> {
  return { title, width, rank, of, right, grows: false };
}

function grows<R>(title: string, width: number, rank: number, of: Column<R>['of']): Column<R> {
  return { title, width, rank, of, right: false, grows: true };
}

/** Names of devices have at most fifteen characters. */
const NAME_MIN = 10;
const NAME_MAX = 15;

const INTERFACES: readonly Column<InterfaceRow>[] = [
  column('INTERFACE', 12, 10, (r) => r.name, false),
  column('NETNS', 5, 2, (r) => r.netns, false),
  column('STATE', 5, 9, (r) => r.state, false),
  column('RX', 7, 7, (r) => r.rx),
  column('PASS', 7, 4, (r) => r.pass),
  column('DROP', 7, 3, (r) => r.drop),
  column('TX', 7, 4, (r) => r.tx),
  column('REDIR', 7, 5, (r) => r.redirect),
  column('XMIT', 7, 6, (r) => r.xmit),
  column('ERR', 7, 8, (r) => r.err),
  column('TOTAL ERR', 9, 1, (r) => r.total_err),
  grows('WHY', 11, 9, (r, width) => (cells(r.why_long) <= width ? r.why_long : r.why)),
];

const ERRORS: readonly Column<ErrorView>[] = [
  column('COUNT', 13, 10, (r) => r.count),
  column('RATE', 9, 7, (r) => r.rate),
  column('TRACEPOINT', 16, 8, (r) => r.tracepoint, false),
  column('REASON', 17, 9, (r) => r.reason, false),
  column('DETAIL', 22, 3, (r) => r.detail, false),
  column('LAST', 8, 5, (r) => r.last, false),
  grows('WHY', 40, 1, (r) => r.why),
];

/** Those that fit, in their order. */
function fitting<R>(all: readonly Column<R>[], width: number): Column<R>[] {
  const kept = [...all];
  const size = () => kept.reduce((sum, one) => sum + one.width + 1, 0);
  while (kept.length > 1 && size() > width) {
    const least = kept.reduce((low, one, i) => (one.rank < kept[low]!.rank ? i : low), 0);
    kept.splice(least, 1);
  }
  const left = width - size();
  return kept.map((one) => (one.grows && left > 0 ? { ...one, width: one.width + left } : one));
}

function cellText(text: string, width: number, right: boolean): string {
  const fitted = cut([{ text, tag: 'plain' }], width)
    .map((one) => one.text)
    .join('');
  const pad = ' '.repeat(Math.max(0, width - cells(fitted)));
  return right ? pad + fitted : fitted + pad;
}

function headOf<R>(columns: readonly Column<R>[], per: string): Line {
  const text = columns.map(({ title, width, right }) => {
    const rate = per !== '' && right && title !== 'TOTAL ERR' ? `${title}${per}` : title;
    return cellText(rate, width, right);
  });
  return [{ text: ` ${text.join(' ')}`, tag: 'dim' }];
}

/** The row that is chosen; keys move in a table that has the focus. */
export interface Cursor {
  readonly at: number;
  readonly focused: boolean;
}

function markOf({ at, focused }: Cursor, i: number): Span {
  if (at !== i) return { text: ' ', tag: 'plain' };
  return focused ? { text: '▌', tag: 'accent' } : { text: '▏', tag: 'dim' };
}

function rowOf<R>(columns: readonly Column<R>[], row: R, mark: Span, tag: Tag): Line {
  const text = columns.map(({ width, right, of }) => cellText(of(row, width), width, right));
  return [mark, { text: text.join(' '), tag }];
}

/** Head and as many rows as fit, the cursor among them. */
export function interfaceLines(
  rows: readonly InterfaceRow[],
  cursor: Cursor,
  perSecond: boolean,
  width: number,
  height: number,
): Line[] {
  const name = Math.min(NAME_MAX, Math.max(NAME_MIN, ...rows.map((row) => cells(row.name))));
  const [first, ...others] = INTERFACES;
  const columns = fitting([{ ...first!, width: name }, ...others], width);
  const room = Math.max(1, height - 1);
  const top = Math.max(0, Math.min(cursor.at - room + 1, rows.length - room));
  const shown = rows.slice(top, top + room);
  const lines = shown.map((row, i) => rowOf(columns, row, markOf(cursor, top + i), row.tag));
  return [headOf(columns, perSecond ? '/s' : ''), ...lines];
}

export function errorLines(rows: readonly ErrorView[], cursor: Cursor, width: number, height: number): Line[] {
  if (rows.length === 0) return [[{ text: ' none', tag: 'dim' }]];
  const columns = fitting(ERRORS, width);
  const room = Math.max(1, height - 1);
  const tagOf = (row: ErrorView): Tag => (/^\+?0(\/s)?$/.test(row.rate) ? 'plain' : 'bad');
  const first = Math.max(0, Math.min(cursor.at - room + 1, rows.length - room));
  const shown = rows.slice(first, first + room);
  const lines = shown.map((row, i) => rowOf(columns, row, markOf(cursor, first + i), tagOf(row)));
  return [headOf(columns, ''), ...lines];
}
