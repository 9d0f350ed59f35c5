/**
 * Workflow commands of GitHub Actions: an annotation at the line of every case that failed and every file that cannot be read, and one at
 * the line of the BPF source where the program faulted or returned.
 */
import { relative } from 'node:path';
import { plain } from '../format/sanitize.ts';
import type { FileError, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { placeOf } from '../view/where.ts';
import { findSource } from '../watch/sources.ts';
import { differenceTexts, reasonTexts } from './difference-text.ts';
import type { Reporter, ReporterIo } from './reporter.ts';

const DATA: Readonly<Record<string, string>> = { '%': '%25', '\r': '%0D', '\n': '%0A', ':': '%3A', ',': '%2C' };

function data(text: string): string {
  return text.replace(/[%\r\n]/g, (c) => DATA[c] ?? c);
}

function property(text: string): string {
  return plain(text).replace(/[%\r\n:,]/g, (c) => DATA[c] ?? c);
}

type Level = 'error' | 'notice';

interface Annotation {
  readonly level: Level;
  readonly file: string;
  /** 0: the file as a whole. */
  readonly line: number;
  readonly title: string;
  readonly lines: readonly string[];
}

/** At the source of the program, where it can be found. */
function sourceAnnotation(one: SettledCase, outcome: TestOutcome, root: string): Annotation | null {
  const place = placeOf(outcome);
  const found = place === null ? null : findSource(root, one.object, place);
  if (place === null || found === null) return null;
  const fault = outcome.result?.fault;
  const [said = '', ...more] = reasonTexts(outcome, root);
  const end = fault ? `${fault.kind}: ${fault.message}` : said.split(' at ')[0]!;
  const title = `${fault ? 'faults' : 'returns here'} in ${one.name}`;
  const lines = [end, ...(fault && said !== '' ? [said, ...more] : more)];
  return { level: fault ? 'error' : 'notice', file: found.path, line: place.line, title, lines };
}

export function githubReporter(io: ReporterIo): Reporter {
  let cases = new Map<string, SettledCase>();
  /** Annotations name files from the checkout's top. */
  const top = io.workspace ?? io.root;
  const annotate = ({ level, file, line, title, lines }: Annotation) => {
    const at = [
      `file=${property(relative(top, file))}`,
      ...(line > 0 ? [`line=${line}`] : []),
      `title=${property(title)}`,
    ];
    io.out(`::${level} ${at.join(',')}::${data(lines.map(plain).join('\n'))}\n`);
  };
  const fileError = ({ file, line, build, message }: FileError) =>
    annotate({ level: 'error', file, line, title: build ? 'does not build' : 'not readable', lines: [message] });
  const failure = (one: SettledCase, outcome: TestOutcome) => {
    const lines = [...differenceTexts(outcome, io.root), ...reasonTexts(outcome, io.root)];
    annotate({ level: 'error', file: one.file, line: one.line, title: `${one.program} › ${one.name}`, lines });
    const source = sourceAnnotation(one, outcome, io.root);
    if (source !== null) annotate(source);
  };
  return {
    event: (event) => {
      if (event.type === 'start') cases = new Map(event.cases.map((one) => [one.id, one]));
      if (event.type === 'file-error') fileError(event.error);
      const one = event.type === 'outcome' ? cases.get(event.outcome.id) : undefined;
      if (!one || event.type !== 'outcome') return;
      const { verdict } = event.outcome;
      if (verdict === 'fail' || verdict === 'error') failure(one, event.outcome);
    },
    finish: () => {},
  };
}
