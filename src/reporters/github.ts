/** Workflow commands of GitHub Actions: an annotation at the line of every case that failed and every file that cannot be read. */
import { relative } from 'node:path';
import { plain } from '../format/sanitize.ts';
import type { SettledCase } from '../test-case.ts';
import { differenceTexts } from './difference-text.ts';
import type { Reporter, ReporterIo } from './reporter.ts';

const DATA: Readonly<Record<string, string>> = { '%': '%25', '\r': '%0D', '\n': '%0A', ':': '%3A', ',': '%2C' };

function data(text: string): string {
  return text.replace(/[%\r\n]/g, (c) => DATA[c] ?? c);
}

function property(text: string): string {
  return plain(text).replace(/[%\r\n:,]/g, (c) => DATA[c] ?? c);
}

export function githubReporter(io: ReporterIo): Reporter {
  let cases = new Map<string, SettledCase>();
  /** Annotations name files from the checkout's top. */
  const top = io.workspace ?? io.root;
  const error = (file: string, line: number, title: string, lines: readonly string[]) => {
    const at = [
      `file=${property(relative(top, file))}`,
      ...(line > 0 ? [`line=${line}`] : []),
      `title=${property(title)}`,
    ];
    io.out(`::error ${at.join(',')}::${data(lines.map(plain).join('\n'))}\n`);
  };
  return {
    event: (event) => {
      if (event.type === 'start') cases = new Map(event.cases.map((one) => [one.id, one]));
      if (event.type === 'file-error') {
        const { file, line, build, message } = event.error;
        error(file, line, build ? 'does not build' : 'not readable', [message]);
      }
      const one = event.type === 'outcome' ? cases.get(event.outcome.id) : undefined;
      if (!one || event.type !== 'outcome') return;
      const { verdict } = event.outcome;
      if (verdict === 'fail' || verdict === 'error') {
        error(one.file, one.line, `${one.program} › ${one.name}`, differenceTexts(event.outcome));
      }
    },
    finish: () => {},
  };
}
