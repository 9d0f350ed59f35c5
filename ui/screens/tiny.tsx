/** The screen for terminals too small for panes: the verdict, then what failed, a line each, then the keys that fit. */
import { Box } from 'ink';
import type { Line, ViewModel } from '../../src/view.ts';
import { cut, wrap } from '../cells.ts';
import { KeyLine } from '../components/foot.tsx';
import { VerdictLine } from '../components/head.tsx';
import { Lines } from '../components/line.tsx';
import { detailLines, visiblePart } from '../detail-lines.ts';
import type { Layout } from '../layout.ts';
import { treeLines } from '../tree-lines.ts';
import { helpLines, overlayLines } from './message.tsx';

function bodyLines(vm: ViewModel, width: number, height: number): Line[] {
  if (vm.help) return visiblePart(helpLines(vm, width), vm.scroll, height, '');
  if (vm.overlay) return visiblePart(overlayLines(vm, width + 6), vm.scroll, height, '');
  if (vm.empty) {
    const title: Line = [{ text: vm.empty.title, tag: 'strong' }];
    return [title, ...vm.empty.lines].map((line) => cut(line, width));
  }
  if (vm.pane === 'detail') return visiblePart(detailLines(vm.detail, width), Math.max(0, vm.scroll), height, '');
  if (vm.rows.length === 0) return vm.placeholder.flatMap((line) => wrap(line, width));
  const bad = vm.rows.filter((row) => row.reason !== null);
  const rows = bad.length > 0 && !vm.onlyFailed ? bad : vm.rows;
  const key = vm.rows[vm.cursor]?.key;
  const cursor = Math.max(
    0,
    rows.findIndex((row) => row.key === key),
  );
  return treeLines({ rows, cursor, width, height, reasons: true }).map((one) => one.line);
}

export function TinyScreen({ vm, layout }: { vm: ViewModel; layout: Layout }) {
  const { columns, rows } = layout;
  const keys = rows > 3 ? 1 : 0;
  const height = Math.max(0, rows - 1 - keys);
  const lines = bodyLines(vm, columns, height).slice(0, height);
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <VerdictLine vm={vm} width={columns} chips />
      <Box flexDirection="column" height={height} flexShrink={0}>
        <Lines lines={lines} />
      </Box>
      {keys > 0 ? <KeyLine vm={vm} width={columns} /> : null}
    </Box>
  );
}
