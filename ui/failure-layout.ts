/** Where the panes of an open case go: what is short gets what it needs, the packet gets the rest. Pure. */
import type { FailureView, RunView } from '../src/view.ts';
import type { Layout, Size } from './layout.ts';

export interface FailureLayout {
  readonly packet: Size | null;
  readonly maps: Size | null;
  readonly printk: Size | null;
  readonly where: Size | null;
  /** Maps over printk lines instead of beside them. */
  readonly stacked: boolean;
}

const BESIDE_COLUMNS = 90;
const FRAME = 2;
const LEAST = 3;
/** The packet's pane is not made lower than this for others. */
const PACKET_LEAST = 10;

function needed(lines: number): number {
  return lines + FRAME;
}

/** Boxes that fill `width` by `height` exactly, or leave lines empty where there is nothing more to show. */
export function failureLayout(view: FailureView, width: number, height: number): FailureLayout {
  const stacked = width < BESIDE_COLUMNS;
  let left = height - (view.packet ? Math.min(PACKET_LEAST, height) : 0);
  const take = (lines: number | undefined): number => {
    if (lines === undefined || left < LEAST) return 0;
    const got = Math.min(needed(lines), left);
    left -= got;
    return got;
  };
  const where = take(view.where?.lines.length);
  const mapLines = view.maps?.lines.length;
  const printkLines = view.printk?.lines.length;
  let maps = 0;
  let printk = 0;
  if (!stacked && mapLines !== undefined && printkLines !== undefined) {
    maps = take(Math.max(mapLines, printkLines));
    printk = maps;
  } else {
    printk = take(printkLines);
    maps = take(mapLines);
  }
  const both = maps > 0 && printk > 0 && !stacked;
  const half = Math.floor(width / 2);
  const used = where + (both ? maps : maps + printk);
  const size = (w: number, h: number): Size | null => (h > 0 ? { width: w, height: h } : null);
  return {
    packet: view.packet ? { width, height: height - used } : null,
    maps: size(both ? half : width, maps),
    printk: size(both ? width - half : width, printk),
    where: size(width, where),
    stacked,
  };
}

export interface RunLayout {
  readonly form: Size;
  readonly history: Size | null;
  /** Lines under the form, those of the result's head included. */
  readonly rest: number;
  /** Facts that the result's head may have. */
  readonly facts: number;
}

const FORM_LINES = 6;
const HISTORY_COLUMNS = 120;

/** The form on top, the history beside it where there is room, the result below. */
export function runLayout(view: RunView, { columns, rows, roomy }: Layout): RunLayout {
  const height = FORM_LINES + FRAME;
  const wide = columns >= HISTORY_COLUMNS && view.history.length > 0;
  const history = wide ? Math.floor(columns * 0.4) : 0;
  return {
    form: { width: columns - history, height },
    history: wide ? { width: history, height } : null,
    rest: Math.max(0, rows - height - 2 - (roomy ? 1 : 0)),
    facts: Math.max(1, Math.floor(rows / 8)),
  };
}
