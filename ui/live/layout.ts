/** Where everything of the live screen goes at a size: a pure function from columns and rows to heights. */

export interface LiveLayout {
  readonly columns: number;
  readonly rows: number;
  /** tiny: no panels; narrow: batch, pool and rate in one panel; wide: a panel each. */
  readonly kind: 'tiny' | 'narrow' | 'wide';
  /** Outer heights, frames included; 0: no such panel. */
  readonly interfaces: number;
  readonly middle: number;
  readonly rate: number;
  readonly errors: number;
  readonly hints: number;
}

/** Title, status, keys. */
const FIXED = 3;
const WIDE = { columns: 100, rows: 28, middle: 8, rate: 5 };
const TINY = { columns: 60, rows: 16 };
const NARROW_MIDDLE = 5;
/** Frame, head, a line. */
const TABLE_LEAST = 4;
const AROUND_TABLE = 3;
const SHORT = 20;

function rateHeight(rows: number): number {
  if (rows < 40) return WIDE.rate;
  return rows < 55 ? 8 : 11;
}

/** Every size, however odd, gives boxes that fit it. */
export function liveLayout(columns: number, rows: number, devices: number): LiveLayout {
  if (columns < TINY.columns || rows < TINY.rows)
    return { columns, rows, kind: 'tiny', interfaces: 0, middle: 0, rate: 0, errors: 0, hints: Math.max(0, rows - 2) };
  const wide = columns >= WIDE.columns && rows >= WIDE.rows;
  const middle = wide ? WIDE.middle : NARROW_MIDDLE;
  const rate = wide ? rateHeight(rows) : 0;
  const hints = rows >= 50 ? 6 : rows >= 36 ? 4 : rows >= 24 ? 2 : 1;
  const left = rows - FIXED - middle - rate - hints;
  // Where there is little room the interfaces have it all.
  const spare = rows < SHORT ? 0 : TABLE_LEAST;
  const interfaces = Math.max(TABLE_LEAST, Math.min(devices + AROUND_TABLE, left - spare));
  const errors = Math.max(0, left - interfaces);
  const kind = wide ? 'wide' : 'narrow';
  if (errors >= TABLE_LEAST) return { columns, rows, kind, interfaces, middle, rate, errors, hints };
  return { columns, rows, kind, interfaces: interfaces + errors, middle, rate, errors: 0, hints };
}
