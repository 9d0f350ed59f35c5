/** The states in which there is nothing to run, said so that the next step is clear. */
import { relative } from 'node:path';
import type { State } from '../session/state.ts';
import { type Line, span } from './text.ts';

export interface Empty {
  readonly title: string;
  readonly lines: readonly Line[];
  /** `bpfdeck init` would help: a key does it. */
  readonly init: boolean;
}

const text = (words: string): Line => [span(words)];
const dim = (words: string): Line => [span(words, 'dim')];
const code = (words: string): Line => [span(`  ${words}`, 'accent')];

function globLines(label: string, globs: readonly string[]): Line[] {
  return globs.map((glob, i) => [span(`  ${(i === 0 ? label : '').padEnd(9)}`, 'dim'), span(glob, 'strong')]);
}

function exampleOf(object: string, program: string): Line[] {
  return [
    "import { pkt, test } from 'bpfdeck';",
    'test({',
    "  name: 'a SYN passes',",
    `  object: '${object}',`,
    `  program: '${program}',`,
    "  data_in: pkt.eth().ipv4().tcp({ dest: 443, flags: 'S' }),",
    "  expect: { retval: 'XDP_PASS' },",
    '});',
  ].map(code);
}

const INIT: Line = [
  span('  i', 'accent'),
  span('  writes a config and first cases for the objects here: '),
  span('bpfdeck init', 'accent'),
];

function noConfig(state: State): Empty {
  return {
    title: 'There is no project here yet',
    lines: [
      [span('No '), span('bpfdeck.config.ts', 'strong'), span(', no '), span('*.case.ts', 'strong'), span(' in')],
      [span(`  ${state.root}`, 'dim')],
      [],
      INIT,
      [],
      text('Or write a case, say test/first.case.ts:'),
      ...exampleOf('build/lb.o', 'xdp_lb'),
      [],
      dim('It runs as soon as it is saved.'),
    ],
    init: true,
  };
}

function noObjects(state: State): Empty {
  const config =
    state.config === null ? [] : [dim(`Are the globs right? They are in ${relative(state.root, state.config)}.`)];
  return {
    title: 'No object matches',
    lines: [
      ...globLines('objects', state.globs.objects),
      [span('  in       ', 'dim'), span(state.root)],
      [],
      dim('Build one: it is picked up when it appears.'),
      ...config,
    ],
    init: false,
  };
}

function noCases(state: State): Empty {
  const objects = state.tree.slice(0, 5).map((node) => node.label);
  const more = state.tree.length > 5 ? ` and ${state.tree.length - 5} more` : '';
  const [first] = state.tree;
  return {
    title: 'No cases',
    lines: [
      ...globLines('cases', state.globs.cases),
      [span('  in       ', 'dim'), span(state.root)],
      ...(objects.length > 0 ? [[span('  objects  ', 'dim'), span(objects.join(' ') + more)]] : []),
      [],
      ...(first ? [INIT, []] : []),
      text('Or write a case, say test/first.case.ts:'),
      ...exampleOf(first?.label ?? 'build/lb.o', first?.programs[0]?.label ?? 'xdp_lb'),
      [],
      dim('It runs as soon as it is saved.'),
    ],
    init: first !== undefined,
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
      dim('e opens it in $EDITOR. Saved without the mistake, the cases run.'),
    ],
    init: false,
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
