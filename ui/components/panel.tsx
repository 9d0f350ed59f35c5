/** A frame with a title and a note in its upper edge, around lines that fit it exactly. */
import { Box } from 'ink';
import type { ReactNode } from 'react';
import type { Line as LineOfText, Span } from '../../src/view.ts';
import { cells, cut, fill, lineCells } from '../cells.ts';
import type { Size } from '../layout.ts';
import { Line, Lines } from './line.tsx';

export interface PanelProps {
  readonly size: Size;
  readonly title: string;
  readonly note: string;
  readonly lines: readonly LineOfText[];
  /** Drawn above the lines, `topRows` high. */
  readonly top?: ReactNode;
  readonly topRows?: number;
}

const edge = (text: string): Span => ({ text, tag: 'dim' });

/** `┌─ Cases ────────── all · 27 ─┐`: the note goes first when there is no room, then the title is cut. */
export function upperEdge(title: string, note: string, width: number): LineOfText {
  const name = cut([{ text: ` ${title} `, tag: 'strong' }], Math.max(0, width - 4));
  const right = note === '' ? 0 : cells(note) + 3;
  const rule = width - 3 - lineCells(name) - right;
  if (rule < 1 && right > 0) return upperEdge(title, '', width);
  const end: LineOfText = right > 0 ? [{ text: ` ${note} `, tag: 'dim' }, edge('─┐')] : [edge('┐')];
  return [edge('┌─'), ...name, edge('─'.repeat(Math.max(0, rule))), ...end];
}

/** All that is drawn of a pane without room for its lines. */
function edgeAlone(title: string, note: string, width: number): LineOfText {
  return upperEdge(title, note, width).map(({ text, tag }) => ({ text: text.replace(/[┌┐]/g, '─'), tag }));
}

/** Side edge, a blank, the text, a blank, side edge. */
function bodyLine(line: LineOfText, width: number): LineOfText {
  return [edge('│'), ...fill(line, width - 2), edge('│')];
}

export function Panel({ size, title, note, lines, top, topRows = 0 }: PanelProps) {
  const { width, height } = size;
  if (height === 1) return <Line line={edgeAlone(title, note, width)} />;
  const rows = Math.max(0, height - 2);
  const body = Array.from({ length: Math.max(0, rows - topRows) }, (_, i) => bodyLine(lines[i] ?? [], width));
  return (
    <Box flexDirection="column" flexShrink={0} width={width} height={height}>
      <Line line={upperEdge(title, note, width)} />
      {top}
      <Lines lines={body} />
      <Line line={[edge(`└${'─'.repeat(Math.max(0, width - 2))}┘`)]} />
    </Box>
  );
}
