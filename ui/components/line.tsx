/** One line of tagged text, and many of them: each a Text that is cut at the edge, never wrapped. */
import { Text } from 'ink';
import { createContext, memo, useContext } from 'react';
import type { Line as LineOfText, Span } from '../../src/view.ts';
import { toAscii } from '../glyphs.ts';
import { LOOKS } from '../theme.ts';

/** Whether only ASCII may be drawn. */
export const AsciiContext = createContext(false);

function Piece({ span }: { span: Span }) {
  const ascii = useContext(AsciiContext);
  return <Text {...LOOKS[span.tag]}>{ascii ? toAscii(span.text) : span.text}</Text>;
}

export const Line = memo(function Line({ line }: { line: LineOfText }) {
  if (line.every((span) => span.text === '')) return <Text> </Text>;
  return (
    <Text wrap="truncate">
      {line.map((span, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a line have no identity but their place
        <Piece key={i} span={span} />
      ))}
    </Text>
  );
});

/** Lines from top to bottom. */
export function Lines({ lines }: { lines: readonly LineOfText[] }) {
  return lines.map((line, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a line of the screen is its place
    <Line key={i} line={line} />
  ));
}
