/** Where everything goes at a size: a pure function from columns and rows to the boxes of the watch screen. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  /** tiny: the verdict and what failed, no panels. Else by the number of panes side by side. */
  readonly kind: 'tiny' | 'one' | 'two' | 'three';
  readonly columns: number;
  readonly rows: number;
  /** Outer sizes, frame included; null where there is no such pane. */
  readonly list: Size;
  readonly detail: Size | null;
  readonly side: Size | null;
  /** Lines of events under the panes. */
  readonly events: number;
  /** A rule under the verdict, a blank line over the keys. */
  readonly roomy: boolean;
}

const TINY_COLUMNS = 60;
const TINY_ROWS = 16;
const TWO_PANES = 100;
const THREE_PANES = 120;
const ROOMY_ROWS = 28;
/** Title, verdict, keys. */
const FIXED_ROWS = 3;
const SIDE_MIN = 34;
const SIDE_MAX = 52;

/** Where there are three panes, one of them has them. */
function eventRows(rows: number): number {
  if (rows < 20) return 1;
  return rows < ROOMY_ROWS ? 2 : 3;
}

/** Every size, however odd, gives boxes that fit it. */
export function layout(columns: number, rows: number): Layout {
  const base = { columns, rows, events: 0, roomy: false, detail: null, side: null };
  if (columns < TINY_COLUMNS || rows < TINY_ROWS) {
    return { ...base, kind: 'tiny', list: { width: columns, height: Math.max(0, rows - 1) } };
  }
  const roomy = rows >= ROOMY_ROWS;
  const events = columns < THREE_PANES ? eventRows(rows) : 1;
  const height = rows - FIXED_ROWS - events - (roomy ? 2 : 0);
  const common = { ...base, events, roomy };
  if (columns < TWO_PANES) return { ...common, kind: 'one', list: { width: columns, height } };
  if (columns < THREE_PANES) {
    const list = Math.floor(columns * 0.5);
    return {
      ...common,
      kind: 'two',
      list: { width: list, height },
      detail: { width: columns - list, height },
    };
  }
  const side = Math.min(SIDE_MAX, Math.max(SIDE_MIN, Math.floor(columns * 0.26)));
  const list = Math.floor((columns - side) * 0.48);
  return {
    ...common,
    kind: 'three',
    list: { width: list, height },
    detail: { width: columns - side - list, height },
    side: { width: side, height },
  };
}

/** First of `count` lines to show in `height` so that the cursor is in view, near the middle of a long list. */
export function windowStart(cursor: number, count: number, height: number): number {
  if (count <= height) return 0;
  return Math.max(0, Math.min(count - height, cursor - Math.floor(height / 2)));
}
