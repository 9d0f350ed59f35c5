/** Where the panes of an open case go: what is wrong gets its lines first, what gets none keeps its edge. Pure. */
import type { RunView } from '../src/view.ts';
import type { Layout, Size } from './layout.ts';

export const PANES = ['packet', 'where', 'maps', 'printk', 'insns'] as const;
export type PaneName = (typeof PANES)[number];

/** What a pane would like: lines at a width, and whether something in it is wrong. */
export interface PaneNeed {
  readonly lines: (width: number) => number;
  readonly bad: boolean;
  /** There is nothing new in it. */
  readonly idle?: boolean;
}

export type PaneNeeds = { readonly [name in PaneName]?: PaneNeed };

export interface PlacedPane {
  readonly name: PaneName;
  /** One line high: its edge alone, which says what there is. */
  readonly size: Size;
}

/** Panes beside each other. */
export type PaneRow = readonly PlacedPane[];

export interface FailureLayout {
  /** From left to right, each with its rows from top to bottom. */
  readonly columns: readonly { readonly width: number; readonly rows: readonly PaneRow[] }[];
}

/** Maps and printk lines stand beside each other from here on; everything beside the packet from there on. */
const BESIDE_COLUMNS = 90;
const TWO_COLUMNS = 150;
/** A packet with sixteen bytes a line and its headers needs no more. */
const PACKET_COLUMNS = 104;
const FRAME = 2;
const EDGE = 1;
const SMALLEST = 3;
/** What a pane gets before another gets more than its edge. */
const LEAST: Readonly<Record<PaneName, number>> = { packet: 10, where: 6, maps: 4, printk: 3, insns: 8 };
/** Who gets lines first where nothing is wrong: the smaller. */
const RANK: Readonly<Record<PaneName, number>> = { packet: 0, where: 1, maps: 2, printk: 3, insns: 4 };
const WRONG_FIRST = 10;
const IDLE_LAST = 5;
const IDLE_LEAST = 5;

interface RowNeed {
  readonly names: readonly PaneName[];
  /** Outer height that shows everything. */
  readonly full: number;
  readonly least: number;
  readonly rank: number;
}

function rowNeed(names: readonly PaneName[], needs: PaneNeeds, width: number): RowNeed {
  const each = Math.floor(width / names.length) - 2 * FRAME;
  const full = Math.max(...names.map((name) => (needs[name]?.lines(each) ?? 0) + FRAME));
  const ranks = names.map((name) => {
    const { bad = false, idle = false } = needs[name] ?? {};
    return RANK[name] - (bad ? WRONG_FIRST : 0) + (idle ? IDLE_LAST : 0);
  });
  const rank = Math.min(...ranks);
  const leasts = names.map((name) => (needs[name]?.idle ? IDLE_LEAST : LEAST[name] + (needs[name]?.bad ? 1 : 0)));
  const least = Math.max(...leasts);
  return { names, full, rank, least: Math.min(full, least) };
}

/** Heights of rows in `height` lines: an edge for each, then the least, then all that they need, the most important first. */
function heights(rows: readonly RowNeed[], height: number): Map<RowNeed, number> {
  const order = rows.toSorted((a, b) => a.rank - b.rank);
  const given = new Map<RowNeed, number>();
  let left = height;
  for (const row of order) {
    if (left < EDGE) break;
    given.set(row, EDGE);
    left -= EDGE;
  }
  for (const wanted of ['least', 'full'] as const) {
    for (const [row, has] of given) {
      const more = Math.min(row[wanted] - has, left);
      if (more <= 0 || has + more < SMALLEST) continue;
      given.set(row, has + more);
      left -= more;
    }
  }
  return given;
}

function placed(rows: readonly RowNeed[], width: number, height: number): FailureLayout['columns'][number] {
  const given = heights(rows, height);
  const boxes = rows.flatMap((row): PaneRow[] => {
    const high = given.get(row);
    if (high === undefined) return [];
    const each = Math.floor(width / row.names.length);
    const last = row.names.length - 1;
    return [
      row.names.map((name, i) => ({ name, size: { width: i === last ? width - each * last : each, height: high } })),
    ];
  });
  return { width, rows: boxes };
}

function column(names: readonly (readonly PaneName[])[], needs: PaneNeeds, width: number, height: number) {
  const rows = names.map((row) => rowNeed(row, needs, width));
  const used = rows.reduce((sum, row) => sum + row.full, 0);
  // Instructions are for whoever asks for them, or has lines to spare.
  if (needs.insns && height - used >= LEAST.insns) rows.push(rowNeed(['insns'], needs, width));
  return placed(rows, width, height);
}

/** Boxes in `width` by `height`; lines below them stay empty where there is nothing more to show. */
export function failureLayout(needs: PaneNeeds, width: number, height: number): FailureLayout {
  const has = (name: PaneName) => needs[name] !== undefined;
  const first = has('packet') ? 'packet' : 'where';
  const others = (['where', 'maps', 'printk'] as const).filter((name) => name !== first && has(name));
  if (width >= TWO_COLUMNS && has(first) && others.length > 0) {
    const left = Math.min(PACKET_COLUMNS, Math.floor(width * 0.55));
    const right = others.map((name) => [name]);
    const { insns: _, ...needsLeft } = needs;
    return { columns: [column([[first]], needsLeft, left, height), column(right, needs, width - left, height)] };
  }
  const both = width >= BESIDE_COLUMNS && has('maps') && has('printk');
  const middle: PaneName[][] = both ? [['maps', 'printk']] : [['maps'], ['printk']];
  const rows = ([['packet'], ...middle, ['where']] as const).filter((names) => names.every(has));
  return { columns: [column(rows, needs, width, height)] };
}

export interface RunLayout {
  readonly form: Size;
  readonly history: Size | null;
  /** Lines between form and result. */
  readonly status: number;
  /** Lines under the form, those of the result's head included. */
  readonly rest: number;
  /** Facts that the result's head may have. */
  readonly facts: number;
}

const FORM_LINES = 5;
const HISTORY_COLUMNS = 120;

/** The form on top, the history beside it where there is room, the result below. */
export function runLayout(view: RunView, { columns, rows, roomy }: Layout): RunLayout {
  const height = FORM_LINES + FRAME;
  // A line for what is wrong with the form, or for what to do with it.
  const status = view.error !== '' || view.result === null ? 1 : 0;
  const wide = columns >= HISTORY_COLUMNS && view.history.length > 0;
  const history = wide ? Math.floor(columns * 0.4) : 0;
  return {
    form: { width: columns - history, height },
    history: wide ? { width: history, height } : null,
    status,
    rest: Math.max(0, rows - height - 2 - status - (roomy ? 1 : 0)),
    facts: Math.max(1, Math.floor(rows / 8)),
  };
}
