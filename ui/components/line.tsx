/** One row of the screen: a string drawn as it is, cut at the edge, and drawn again only when it is another one. */
import { Text } from 'ink';
import { createContext, memo, useContext } from 'react';
import type { Line as LineOfText } from '../../src/view.ts';
import { type PaintOptions, paint } from '../paint.ts';

/** Whether there are colours, and whether only ASCII may be drawn. */
export const PaintContext = createContext<PaintOptions>({ colour: true, ascii: false });

export function usePaint(): PaintOptions {
  return useContext(PaintContext);
}

export const Row = memo(function Row({ text }: { text: string }) {
  return <Text wrap="truncate">{text === '' ? ' ' : text}</Text>;
});

export function Line({ line }: { line: LineOfText }) {
  return <Row text={paint(line, usePaint())} />;
}

/** Lines from top to bottom. */
export function Lines({ lines }: { lines: readonly LineOfText[] }) {
  const options = usePaint();
  return lines.map((line, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a line of the screen is its place
    <Row key={i} text={paint(line, options)} />
  ));
}
