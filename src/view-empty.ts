/** The states in which there is nothing to run, said so that the next step is clear. */
import { relative } from 'node:path';
import type { State } from './session-state.ts';
import { type Line, span } from './view-text.ts';

export interface Empty {
  readonly title: string;
  readonly lines: readonly Line[];
}

const text = (words: string): Line => [span(words)];
const dim = (words: string): Line => [span(words, 'dim')];
const code = (words: string): Line => [span(`  ${words}`, 'accent')];

function globLines(label: string, globs: readonly string[]): Line[] {
  return globs.map((glob, i) => [span(`  ${(i === 0 ? label : '').padEnd(9)}`, 'dim'), span(glob, 'strong')]);
}

const EXAMPLE = [
  "import { test } from 'bpfdeck';",
  '',
  'test({',
  "  name: 'a short frame is dropped',",
  "  object: 'build/lb.o',",
  "  program: 'xdp_lb',",
  "  data_in: 'ff ff ff ff ff ff 02 00 00 00 00 01 08 00',",
  "  expect: { retval: 'XDP_DROP' },",
  '});',
];

function noConfig(state: State): Empty {
  return {
    title: 'There is no project here yet',
    lines: [
      [
        span('Neither a '),
        span('bpfdeck.config.ts', 'strong'),
        span(' nor a '),
        span('*.case.ts', 'strong'),
        span(' in'),
      ],
      [span(`  ${state.root}`, 'dim')],
      [],
      text('A case is a file like test/first.case.ts:'),
      ...EXAMPLE.map(code),
      [],
      dim('It is picked up as soon as it is saved.'),
    ],
  };
}

function noObjects(state: State): Empty {
  return {
    title: 'No object matches',
    lines: [
      ...globLines('objects', state.globs.objects),
      [span('  in       ', 'dim'), span(state.root)],
      [],
      dim('Build one; it is picked up when it appears.'),
    ],
  };
}

function noCases(state: State): Empty {
  const objects = state.tree.slice(0, 5).map((node) => node.label);
  const more = state.tree.length > 5 ? ` and ${state.tree.length - 5} more` : '';
  return {
    title: 'No cases',
    lines: [
      ...globLines('cases', state.globs.cases),
      [span('  in       ', 'dim'), span(state.root)],
      ...(objects.length > 0 ? [[span('  objects  ', 'dim'), span(objects.join(' ') + more)]] : []),
      [],
      text('A case is a file like test/first.case.ts:'),
      ...EXAMPLE.map((line) => code(line.replace('build/lb.o', state.tree[0]?.label ?? 'build/lb.o'))),
    ],
  };
}

function unreadableConfig(state: State): Empty | null {
  const error = state.errors.find((e) => e.file === state.config);
  if (!error || state.cases.length > 0) return null;
  return {
    title: 'The config cannot be read',
    lines: [
      [span(`${relative(state.root, error.file)}:${error.line}  `, 'strong'), span(error.message, 'bad')],
      [],
      ...(error.frame ?? []).map((line): Line => [span(line, line.startsWith('▸') ? 'bad' : 'plain')]),
      [],
      dim('Watching it: save it without the mistake and the cases run.'),
    ],
  };
}

/** Null when there is something to list. */
export function emptyState(state: State): Empty | null {
  if (!state.loaded) return null;
  const config = unreadableConfig(state);
  if (config) return config;
  if (state.cases.length > 0 || state.errors.length > 0) return null;
  if (state.config === null && state.tree.length === 0 && state.globs.objects.length === 0) return noConfig(state);
  if (state.tree.length === 0 && state.globs.objects.length > 0) return noObjects(state);
  return noCases(state);
}
