/** A frame of a live run looked at: what became of it, the source line that settled it, its headers and bytes before and after. */
import { Box } from 'ink';
import type { FrameView } from '../../src/live-view.ts';
import { Panel } from '../components/panel.tsx';
import { framePanels } from '../live/frame-lines.ts';

export interface LiveFrameProps {
  readonly view: FrameView;
  readonly columns: number;
  readonly height: number;
  readonly scroll: number;
}

export function LiveFrame({ view, columns, height, scroll }: LiveFrameProps) {
  return (
    <Box flexShrink={0} height={height}>
      {framePanels(view, columns).map(({ width, title, note, lines }) => {
        const first = Math.max(0, Math.min(scroll, lines.length - (height - 2)));
        return <Panel key={title} size={{ width, height }} title={title} note={note} lines={lines.slice(first)} />;
      })}
    </Box>
  );
}
