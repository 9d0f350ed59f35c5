/** JUnit XML as CI systems read it: a testsuite an object, the program as the class of its cases. */
import { relative } from 'node:path';
import { plain } from '../format/sanitize.ts';
import type { FileError, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { differenceTexts, reasonTexts } from './difference-text.ts';
import type { Reporter, ReporterIo } from './reporter.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** Text for XML: what XML 1.0 has no characters for is left out. */
function xml(text: string): string {
  const known = text.replace(/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');
  return known.replace(/[&<>"\n]/g, (c) => ESCAPES[c] ?? c);
}

function attributes(values: { readonly [name: string]: string | number }): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xml(plain(String(value)))}"`)
    .join('');
}

/** Lines inside an element. */
function block(lines: readonly string[]): string {
  return xml(lines.map(plain).join('\n')).replaceAll('&#10;', '\n');
}

interface Counts {
  tests: number;
  failures: number;
  errors: number;
  skipped: number;
  time: number;
}

interface Suite extends Counts {
  readonly name: string;
  readonly cases: string[];
}

function suiteOf(name: string): Suite {
  return { name, cases: [], tests: 0, failures: 0, errors: 0, skipped: 0, time: 0 };
}

/** What stands inside a testcase. */
function bodyOf(outcome: TestOutcome, root: string): string {
  const lines = differenceTexts(outcome, root);
  const message = attributes({ message: lines[0] ?? '', type: outcome.differences[0]?.field ?? outcome.verdict });
  const text = block([...lines, ...reasonTexts(outcome, root)]);
  if (outcome.verdict === 'fail') return `      <failure${message}>${text}</failure>\n`;
  if (outcome.verdict === 'error') return `      <error${message}>${text}</error>\n`;
  if (outcome.verdict === 'pass') return '';
  return `      <skipped${attributes({ message: outcome.verdict === 'todo' ? 'todo' : outcome.reason })}/>\n`;
}

function outputOf(outcome: TestOutcome): string {
  const printk = outcome.result?.printk ?? [];
  if (printk.length === 0) return '';
  return `      <system-out>${xml(printk.map(plain).join('\n')).replaceAll('&#10;', '\n')}</system-out>\n`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(6);
}

class Junit {
  private readonly io: ReporterIo;
  private readonly suites = new Map<string, Suite>();
  private cases = new Map<string, SettledCase>();

  constructor(io: ReporterIo) {
    this.io = io;
  }

  readonly event: Reporter['event'] = (event) => {
    if (event.type === 'start') this.cases = new Map(event.cases.map((one) => [one.id, one]));
    if (event.type === 'file-error') this.addError(event.error);
    const one = event.type === 'outcome' ? this.cases.get(event.outcome.id) : undefined;
    if (one && event.type === 'outcome') this.addCase(one, event.outcome);
  };

  private suite(name: string): Suite {
    const known = this.suites.get(name) ?? suiteOf(name);
    this.suites.set(name, known);
    return known;
  }

  private addCase(one: SettledCase, outcome: TestOutcome): void {
    const { root } = this.io;
    const suite = this.suite(relative(root, one.object));
    suite.tests++;
    suite.time += outcome.took_ms;
    if (outcome.verdict === 'fail') suite.failures++;
    else if (outcome.verdict === 'error') suite.errors++;
    else if (outcome.verdict !== 'pass') suite.skipped++;
    const head = attributes({
      ...{ name: one.name, classname: one.program, time: seconds(outcome.took_ms) },
      ...{ file: relative(root, one.file), line: one.line },
    });
    const body = bodyOf(outcome, root) + outputOf(outcome);
    suite.cases.push(`    <testcase${head}${body === '' ? '/>' : `>\n${body}    </testcase>`}\n`);
  }

  /** A file that gave no cases, or an object that cannot be opened. */
  private addError({ file, line, message, build, frame = [] }: FileError): void {
    const suite = this.suite('files');
    suite.tests++;
    suite.errors++;
    const head = attributes({
      name: relative(this.io.root, file),
      classname: 'files',
      time: seconds(0),
      file: relative(this.io.root, file),
      line,
    });
    const error = `<error${attributes({ message, type: build ? 'build' : 'file' })}`;
    const body = frame.length === 0 ? '/>' : `>${block(frame)}</error>`;
    suite.cases.push(`    <testcase${head}>\n      ${error}${body}\n    </testcase>\n`);
  }

  readonly finish: Reporter['finish'] = () => {
    const total = suiteOf('bpfdeck');
    let body = '';
    for (const suite of this.suites.values()) {
      for (const field of ['tests', 'failures', 'errors', 'skipped', 'time'] as const) total[field] += suite[field];
      body += `  <testsuite${this.counts(suite)}>\n${suite.cases.join('')}  </testsuite>\n`;
    }
    this.io.out(`<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${this.counts(total)}>\n${body}</testsuites>\n`);
  };

  private counts({ name, tests, failures, errors, skipped, time }: Suite): string {
    return attributes({ name, tests, failures, errors, skipped, time: seconds(time) });
  }
}

/** Writes nothing before the end. */
export function junitReporter(io: ReporterIo): Reporter {
  return new Junit(io);
}
