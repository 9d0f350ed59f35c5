/** The reporters for people: every case by name or as a dot if asked, failures with their reasons, then the summary line. */
import { relative } from 'node:path';
import { coverageLines } from '../coverage/table.ts';
import { DISAGREED } from '../expect/mismatch-words.ts';
import { plain } from '../format/sanitize.ts';
import { SIGN, type Style } from '../format/style.ts';
import type { FileError, TestOutcome } from '../outcome.ts';
import { countsText, type Summary } from '../runner/summary.ts';
import type { SettledCase } from '../test-case.ts';
import { duration } from '../view/text.ts';
import { failureLines, fileErrorLines } from './failure-text.ts';
import { Histogram } from './histogram.ts';
import type { Reporter, ReporterIo } from './reporter.ts';

function signOf(outcome: TestOutcome, style: Style): string {
  const paint = { pass: style.green, fail: style.red, error: style.red, skip: style.yellow, todo: style.cyan };
  return paint[outcome.verdict](SIGN[outcome.verdict]);
}

function caseLine(one: SettledCase, outcome: TestOutcome, style: Style): string {
  const fail = outcome.reason === DISAGREED ? 'mismatch' : '';
  const note = { pass: '', fail, error: '', skip: `skipped: ${outcome.reason}`, todo: 'todo' }[outcome.verdict];
  const again = (outcome.attempts ?? 1) > 1 ? style.yellow(`  at attempt ${outcome.attempts}`) : '';
  return `    ${signOf(outcome, style)} ${plain(one.name)}${note === '' ? '' : style.dim(`  ${plain(note)}`)}${again}`;
}

const DOT = { pass: '.', fail: 'F', error: 'E', skip: 's', todo: 't' } as const;
const DOTS_A_LINE = 80;

type EveryCase = 'nothing' | 'name' | 'dot';

class Printer implements Reporter {
  private readonly io: ReporterIo;
  private readonly everyCase: EveryCase;
  private readonly histogram = new Histogram();
  private dots = 0;
  private cases = new Map<string, SettledCase>();
  private readonly failed: [SettledCase, TestOutcome][] = [];
  private readonly errors: FileError[] = [];
  private group = '';

  constructor(io: ReporterIo, everyCase: EveryCase) {
    this.io = io;
    this.everyCase = everyCase;
  }

  readonly event: Reporter['event'] = (event) => {
    if (event.type === 'start') this.cases = new Map(event.cases.map((one) => [one.id, one]));
    if (event.type === 'file-error') this.errors.push(event.error);
    if (event.type !== 'outcome') return;
    const one = this.cases.get(event.outcome.id);
    if (!one) return;
    this.histogram.add(one, event.outcome);
    if (event.outcome.verdict === 'fail' || event.outcome.verdict === 'error') this.failed.push([one, event.outcome]);
    if (this.everyCase === 'name') this.nameCase(one, event.outcome);
    if (this.everyCase === 'dot') this.dot(event.outcome);
  };

  private dot({ verdict }: TestOutcome): void {
    const { style } = this.io;
    const paint = { pass: style.green, fail: style.red, error: style.red, skip: style.yellow, todo: style.cyan };
    this.io.out(paint[verdict](DOT[verdict]));
    if (++this.dots % DOTS_A_LINE === 0) this.io.out('\n');
  }

  private nameCase(one: SettledCase, outcome: TestOutcome): void {
    const { style, root } = this.io;
    const group = `${plain(relative(root, one.object))} › ${plain(one.program)}`;
    if (group !== this.group) this.print([...(this.group === '' ? [] : ['']), `  ${style.bold(group)}`]);
    this.group = group;
    this.print([caseLine(one, outcome, style)]);
  }

  readonly finish: Reporter['finish'] = (summary) => {
    const { style, root } = this.io;
    if (this.dots % DOTS_A_LINE > 0) this.io.out('\n');
    if (this.group !== '' || this.dots > 0) this.print(['']);
    for (const error of this.errors) this.print([...fileErrorLines(error, root, style), '']);
    for (const [one, outcome] of this.failed) this.print([...failureLines(one, outcome, root, style), '']);
    if (summary.coverage) this.print([...coverageLines(summary.coverage, root, style), '']);
    this.print([...this.histogram.lines(style), summaryLine(summary, style)]);
  };

  private print(lines: readonly string[]): void {
    this.io.out(`${lines.join('\n')}\n`);
  }
}

function summaryLine(summary: Summary, style: Style): string {
  const bad = summary.failed > 0 || summary.errors.length > 0;
  const paint = bad ? style.red : style.green;
  const unbuilt = summary.errors.filter((error) => error.build).length;
  const files = summary.errors.length - unbuilt;
  const unread = files > 0 ? `, ${files} ${files === 1 ? 'file' : 'files'} not readable` : '';
  const broken = unbuilt > 0 ? `, ${unbuilt} build ${unbuilt === 1 ? 'error' : 'errors'}: no case ran` : '';
  const stopped = summary.cancelled ? ', stopped' : '';
  return `${style.bold(paint(countsText(summary)))}${unread}${broken}${stopped}${style.dim(` in ${duration(summary.took_ms)}`)}`;
}

/** Failures and the summary. */
export function defaultReporter(io: ReporterIo): Reporter {
  return new Printer(io, 'nothing');
}

/** Every case by name as it ends, then as the default one. */
export function verboseReporter(io: ReporterIo): Reporter {
  return new Printer(io, 'name');
}

/** A character a case, then as the default one. */
export function dotReporter(io: ReporterIo): Reporter {
  return new Printer(io, 'dot');
}
