/** The table of objects or programs with their counts: ink-table without its rules, between a panel's side edges. */
import { Box, Text } from 'ink';
import { type CellProps, Table } from 'ink-table';
import { memo, type PropsWithChildren } from 'react';
import type { GroupRow } from '../../src/view.ts';
import { cells, cut } from '../cells.ts';
import { toAscii } from '../glyphs.ts';
import { BORDER, LOOKS } from '../theme.ts';
import { usePaint } from './line.tsx';

type Data = { [column: string]: string };

const NUMBER_COLUMNS: readonly (readonly [string, (row: GroupRow) => string])[] = [
  ['✓', (row) => (row.passed > 0 ? String(row.passed) : '')],
  ['✗', (row) => (row.failed > 0 ? String(row.failed) : '')],
  ['·', (row) => (row.other > 0 ? String(row.other) : '')],
  ['time', (row) => row.time],
];
const CELL_LOOKS = [LOOKS.plain, LOOKS.good, LOOKS.bad, LOOKS.warn, LOOKS.dim];
const PADDING = 1;

function Glyphs({ children }: PropsWithChildren) {
  const { ascii } = usePaint();
  return typeof children === 'string' && ascii ? toAscii(children) : children;
}

function Header({ children }: PropsWithChildren) {
  return (
    <Text {...LOOKS.dim}>
      <Glyphs>{children}</Glyphs>
    </Text>
  );
}

function Cell({ column, children }: CellProps) {
  return (
    <Text {...CELL_LOOKS[column]}>
      <Glyphs>{children}</Glyphs>
    </Text>
  );
}

/** No rules: the table is as high as it has rows. */
function NoSkeleton() {
  return null;
}

/** Rows as ink-table takes them, the name cut so that the whole fits `width`. */
export function tableData(rows: readonly GroupRow[], label: string, width: number): Data[] {
  const widest = (header: string, text: (row: GroupRow) => string) =>
    Math.max(cells(header), ...rows.map((row) => cells(text(row)))) + 2 * PADDING;
  const numbers = NUMBER_COLUMNS.reduce((sum, [header, text]) => sum + widest(header, text), 0);
  const room = Math.max(4, width - numbers - 2 * PADDING);
  return rows.map((row) => {
    const name = cut([{ text: row.name, tag: 'plain' }], room).map((span) => span.text);
    const data: Data = { [label]: name.join('').padEnd(room) };
    for (const [header, text] of NUMBER_COLUMNS) data[header] = text(row);
    return data;
  });
}

/** Lines the table takes: a heading and the rows. */
export function tableRows(rows: readonly GroupRow[]): number {
  return rows.length === 0 ? 0 : rows.length + 1;
}

export interface SummaryTableProps {
  readonly rows: readonly GroupRow[];
  /** Heading of the first column. */
  readonly label: string;
  /** Outer width, the panel's edges included. */
  readonly width: number;
}

/** ink-table makes every row anew, whatever changed: so it is asked only when something did. */
export const SummaryTable = memo(DrawnTable, (before, after) => {
  const same = before.label === after.label && before.width === after.width;
  return same && JSON.stringify(before.rows) === JSON.stringify(after.rows);
});

function DrawnTable({ rows, label, width }: SummaryTableProps) {
  const height = tableRows(rows);
  const data = tableData(rows, label, width - 2);
  const sides = Array.from({ length: height }, () => '│').join('\n');
  const columns = [
    { key: label, align: 'left' as const },
    ...NUMBER_COLUMNS.map(([key]) => ({ key, align: 'right' as const })),
  ];
  return (
    <Box width={width} height={height} flexShrink={0} justifyContent="space-between">
      <Text {...BORDER}>
        <Glyphs>{sides}</Glyphs>
      </Text>
      <Box width={width - 2} overflow="hidden">
        <Table data={data} columns={columns} padding={PADDING} header={Header} cell={Cell} skeleton={NoSkeleton} />
      </Box>
      <Text {...BORDER}>
        <Glyphs>{sides}</Glyphs>
      </Text>
    </Box>
  );
}
