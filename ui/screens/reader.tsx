/** The screen for screen readers: sentences in a row, without frames or columns: the verdict, what failed and why, what is open. */
import { Box, Text } from 'ink';
import type { FailureView, Line, ViewModel } from '../../src/view.ts';
import type { Binding } from '../binding.ts';
import { helpSections } from '../keymap.ts';

const words = (line: Line): string =>
  line
    .map((span) => span.text)
    .join('')
    .trim();

/** Signs that a reader would spell out. */
const SPOKEN: Readonly<Record<string, string>> = {
  '✓': 'passed',
  '✗': 'failed',
  '↷': 'skipped',
  '◌': 'to do',
  '▸': '',
  '▾': '',
  '│': '',
};
const SIGNS = /[✓✗↷◌▸▾│]/gu;

function spoken(text: string): string {
  return text
    .replace(SIGNS, (sign) => SPOKEN[sign] ?? sign)
    .replace(/\s+/g, ' ')
    .trim();
}

function openText(vm: ViewModel): string[] {
  if (vm.help) return helpSections(vm).flatMap(({ title, keys }) => [`${title}:`, ...keys.map(keyText)]);
  if (vm.run_screen) {
    const { fields, error, result } = vm.run_screen;
    const form = fields.map((field) => `${field.selected ? 'At ' : ''}${field.label}: ${field.value}`);
    return [...form, error, ...(result ? resultText(result) : [])];
  }
  if (vm.overlay) return [vm.overlay.title, ...vm.overlay.lines.map(words)];
  if (vm.empty) return [vm.empty.title, ...vm.empty.lines.map(words)];
  if (vm.rows.length === 0) return vm.placeholder.map(words);
  // Bytes over each other are for eyes alone.
  const items = vm.pane === 'detail' ? vm.detail.filter((item) => item.least_columns === undefined) : [];
  return items.flatMap((item) => item.lines.map((line) => `${item.label} ${words(line)}`));
}

function keyText({ shown, help }: Binding): string {
  return `${shown}: ${help}`;
}

/** Lines farther from what matters are not told. */
const NEAR = 3;

/** A run by hand: its verdict, headers that changed, then the panes of text. */
function resultText(result: FailureView): string[] {
  const headers = (result.packet?.headers ?? []).filter(({ sign }) => sign.text !== '=');
  const panes = [result.maps, result.printk, result.where].flatMap((pane) => pane ?? []);
  return [
    words(result.title),
    ...result.facts.map(words),
    ...headers.map(
      ({ name, left, right }) => `${name.text}: ${left.text}${right.text === '' ? '' : ` became ${right.text}`}`,
    ),
    ...panes.flatMap((pane) => [
      `${pane.title}, ${pane.note}:`,
      ...pane.lines
        .filter(({ spare = 0 }) => spare <= NEAR)
        .map(({ text, tail = [] }) => `${words(text)} ${words(tail)}`),
    ]),
  ];
}

/** What there is to hear, a sentence each. */
export function readerLines(vm: ViewModel): string[] {
  const row = vm.rows[vm.cursor];
  const failed = vm.rows.filter((one) => one.reason !== null);
  const lines = [
    `${vm.badge.text} ${words(vm.counts)}`,
    words(vm.run),
    vm.notice ? words(vm.notice) : '',
    ...failed.map((one) => `failed: ${one.name.text}: ${words(one.reason ?? [])}`),
    row ? `At ${row.sign.text} ${row.name.text} ${words(row.right)}` : '',
    ...openText(vm),
    vm.prompt ? `Typing ${vm.prompt.label}: ${vm.prompt.text}, ${vm.prompt.note}` : '',
  ];
  return lines.map(spoken).filter((line) => line !== '');
}

export function ReaderScreen({ vm }: { vm: ViewModel }) {
  return (
    <Box flexDirection="column">
      {readerLines(vm).map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a sentence is its place
        <Text key={i}>{line}</Text>
      ))}
    </Box>
  );
}
