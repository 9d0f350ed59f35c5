/** The run screen: a form for one run of one program, what came of it in panes, and the runs before. */
import { Box } from 'ink';
import type { Line as LineOfText, RunView, ViewModel } from '../../src/view.ts';
import { apart, cut, fill } from '../cells.ts';
import { KeyLine } from '../components/foot.tsx';
import { TitleLine } from '../components/head.tsx';
import { Line, Lines } from '../components/line.tsx';
import { Panel } from '../components/panel.tsx';
import { runLayout } from '../failure-layout.ts';
import type { Layout } from '../layout.ts';
import { Focused, headLines, Panes } from './failure.tsx';

const LABEL = 9;
const pad = (line: LineOfText): LineOfText => [{ text: ' ', tag: 'plain' }, ...line];

/** A field a line: the cursor, its name, its value, and at the right what keys do in it. */
export function fieldLines(view: RunView, width: number): LineOfText[] {
  return view.fields.map(({ label, value, hint, selected }) => {
    const left: LineOfText = [
      { text: selected ? '▌' : ' ', tag: 'accent' },
      { text: label.padEnd(LABEL), tag: selected ? 'strong' : 'dim' },
      { text: value, tag: selected ? 'strong' : 'plain' },
    ];
    return selected ? apart(left, [{ text: `${hint} `, tag: 'dim' }], width) : fill(left, width);
  });
}

function statusLine(view: RunView): LineOfText {
  if (view.error !== '')
    return [
      { text: '✗ ', tag: 'bad' },
      { text: view.error, tag: 'bad' },
    ];
  if (view.busy) return [{ text: '… running', tag: 'info' }];
  return view.result ? [] : [{ text: 'Enter runs it: one program, one packet, no expectations.', tag: 'dim' }];
}

export function RunTiny({ vm, view, layout }: { vm: ViewModel; view: RunView; layout: Layout }) {
  const { columns, rows } = layout;
  const status = statusLine(view);
  const result = view.result ? [view.result.title, ...view.result.facts] : [];
  const fields = fieldLines({ ...view, fields: view.fields.map((field) => ({ ...field, hint: '' })) }, columns);
  const all = [...(status.length > 0 ? [status] : []), ...result, ...fields];
  const lines = all.slice(0, Math.max(0, rows - 1)).map((line) => cut(line, columns));
  const height = Math.max(0, rows - 1);
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Box flexDirection="column" height={height} flexShrink={0}>
        <Lines lines={lines} />
      </Box>
      <KeyLine vm={vm} width={columns} notices />
    </Box>
  );
}

export function RunScreen({ vm, view, layout }: { vm: ViewModel; view: RunView; layout: Layout }) {
  const { columns } = layout;
  const at = runLayout(view, layout);
  const head = view.result ? headLines(view.result, columns, at.facts) : [];
  const lines = fieldLines(view, at.form.width - 2);
  const result = { width: columns, height: Math.max(0, at.rest - head.length) };
  return (
    <Box flexDirection="column" width={columns} height={layout.rows}>
      <TitleLine vm={vm} width={columns} />
      <Box flexShrink={0} height={at.form.height}>
        <Panel size={at.form} title="Run" note={view.note} lines={lines} />
        {at.history ? (
          <Panel size={at.history} title="History" note="[ before · ] after" lines={view.history.map(pad)} />
        ) : null}
      </Box>
      {at.status > 0 ? <Line line={cut(pad(statusLine(view)), columns)} /> : null}
      <Lines lines={head} />
      <Box flexDirection="column" height={result.height} flexShrink={0}>
        {view.result && vm.focus ? (
          <Focused view={view.result} focus={vm.focus} size={result} scroll={vm.scroll} />
        ) : view.result ? (
          <Panes view={view.result} width={columns} height={result.height} scroll={vm.scroll} />
        ) : null}
      </Box>
      {layout.roomy ? <Line line={[]} /> : null}
      <KeyLine vm={vm} width={columns} notices />
    </Box>
  );
}
