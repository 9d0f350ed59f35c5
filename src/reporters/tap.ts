/** TAP version 13, which every harness reads: a test point a case as it ends, a YAML block for each that failed, the plan last. */
import { relative } from 'node:path';
import { plain } from '../format/sanitize.ts';
import type { TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { differenceTexts, reasonTexts } from './difference-text.ts';
import type { Reporter, ReporterIo } from './reporter.ts';

/** A description: `#` would start a directive. */
function described(text: string): string {
  return plain(text).replace(/[\\#]/g, (c) => `\\${c}`);
}

function directive(outcome: TestOutcome): string {
  if (outcome.verdict === 'todo') return ' # TODO';
  return outcome.verdict === 'skip' ? ` # SKIP ${described(outcome.reason)}` : '';
}

/** Scalars of JSON are scalars of YAML. Lists are text of a line each: Perl's harness takes `- a: b` for an object. */
function yamlBlock(values: { readonly [name: string]: string | number | readonly string[] }): string {
  const lines = Object.entries(values).flatMap(([name, value]) => {
    if (typeof value !== 'object') return [`${name}: ${JSON.stringify(value)}`];
    return value.length === 0 ? [] : [`${name}: |`, ...value.map((item) => `  ${item.trim()}`)];
  });
  return ['---', ...lines, '...'].map((line) => `  ${line}\n`).join('');
}

export function tapReporter(io: ReporterIo): Reporter {
  let cases = new Map<string, SettledCase>();
  let points = 0;
  let begun = false;
  const out = (text: string) => {
    io.out(begun ? text : `TAP version 13\n${text}`);
    begun = true;
  };
  const point = (good: boolean, text: string, after: string, block: string) =>
    out(`${good ? 'ok' : 'not ok'} ${++points} - ${described(text)}${after}\n${block}`);
  const casePoint = (one: SettledCase, outcome: TestOutcome) => {
    const text = `${relative(io.root, one.object)} › ${one.program} › ${one.name}`;
    const bad = outcome.verdict === 'fail' || outcome.verdict === 'error';
    const at = `${relative(io.root, one.file)}:${one.line}`;
    const lines = differenceTexts(outcome, io.root);
    const block = {
      message: lines[0] ?? '',
      severity: outcome.verdict,
      at,
      duration_ms: outcome.took_ms,
      differences: lines,
      why: reasonTexts(outcome, io.root),
    };
    point(!bad && outcome.verdict !== 'todo', text, directive(outcome), bad ? yamlBlock(block) : '');
  };
  return {
    event: (event) => {
      if (event.type === 'start') cases = new Map(event.cases.map((one) => [one.id, one]));
      if (event.type === 'file-error') {
        const { file, line, message } = event.error;
        const at = `${relative(io.root, file)}${line > 0 ? `:${line}` : ''}`;
        point(false, at, '', yamlBlock({ message: plain(message), severity: 'error', at }));
      }
      const one = event.type === 'outcome' ? cases.get(event.outcome.id) : undefined;
      if (one && event.type === 'outcome') casePoint(one, event.outcome);
    },
    finish: ({ cancelled }) => out(`1..${points}\n${cancelled ? 'Bail out! stopped\n' : ''}`),
  };
}
