/** The live screen for screen readers: sentences in a row, without frames or columns. */
import { Box, Text } from 'ink';
import type { Line, LiveViewModel } from '../../src/live-view.ts';
import { overlayText } from '../live/overlay.ts';

const WIDTH = 120;

const words = (line: Line): string =>
  line
    .map(({ text }) => text)
    .join('')
    .replace(/[▌▏●→▸·]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();

function interfaceText(vm: LiveViewModel): string[] {
  return vm.interfaces.map(({ name, netns, state, rx, xmit, err, why }, i) => {
    const at = i === vm.cursor && vm.focus === 'interfaces' ? 'At ' : '';
    const lost = why === '-' ? '' : `, ${why}`;
    return `${at}${name} in ${netns}, ${state}: received ${rx}, sent ${xmit}, errors ${err} ${vm.unit}${lost}`;
  });
}

function errorText(vm: LiveViewModel): string[] {
  return vm.errors.map(({ count, tracepoint, reason, detail }, i) => {
    const at = i === vm.errorCursor && vm.focus === 'errors' ? 'At ' : '';
    return `${at}${count} times ${tracepoint} ${reason} ${detail}`;
  });
}

/** What there is to hear, a sentence each. */
export function liveReaderLines(vm: LiveViewModel): string[] {
  const over = overlayText(vm, WIDTH);
  const verdicts = vm.batch.map(({ name, count }) => `${name} ${count}`).join(', ');
  const tables = [
    ...interfaceText(vm),
    `${vm.batchTitle}: ${verdicts}`,
    ...errorText(vm),
    ...vm.hints.map(({ mend, why }) => `${mend} ${why}`.trim()),
  ];
  const open = over?.lines.map(words) ?? vm.frame?.lines.map(({ text }) => words(text)) ?? tables;
  const notice = vm.notice?.text ?? '';
  return [
    vm.title,
    vm.note,
    `${vm.badge.text} ${words(vm.status)}`,
    over?.title ?? vm.frame?.title ?? '',
    ...open,
    notice,
  ].filter((line) => line !== '');
}

export function LiveReader({ vm }: { readonly vm: LiveViewModel }) {
  return (
    <Box flexDirection="column">
      {liveReaderLines(vm).map((line, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a sentence is its place
        <Text key={i}>{line}</Text>
      ))}
    </Box>
  );
}
