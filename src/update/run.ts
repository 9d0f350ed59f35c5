/** `test --update`: after a run, shows what would be expected instead, writes it, and says what is left to edit by hand. */
import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { plain } from '../format/sanitize.ts';
import { fileError } from '../input-error.ts';
import type { TestOutcome } from '../outcome.ts';
import type { Reporter, ReporterIo } from '../reporters/reporter.ts';
import type { SettledCase } from '../test-case.ts';
import { planUpdates, type Updates } from './plan.ts';

export interface Updater extends Reporter {
  /** Cases that failed or are in error and are not settled by what was written. */
  readonly left: () => number;
}

function changed(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}

function lines({ updates, by_hand }: Updates, { style, root }: ReporterIo): string[] {
  const place = (file: string, line: number, name: string) =>
    `  ${style.bold(plain(`${relative(root, file)}:${line}`))}  ${style.dim(plain(name))}`;
  return [
    ...updates.flatMap(({ file, line, name, before, after }) => [
      place(file, line, name),
      ...changed(before).map((text) => `    ${style.red(`- ${plain(text)}`)}`),
      ...changed(after).map((text) => `    ${style.green(`+ ${plain(text)}`)}`),
    ]),
    ...by_hand.flatMap(({ file, line, name, what, why }) => [
      place(file, line, name),
      `    ${style.yellow('edit by hand')}  ${plain(what)}`,
      `    ${style.dim(why)}`,
    ]),
  ];
}

function write(files: Updates['files']): void {
  for (const [file, text] of files) {
    try {
      writeFileSync(file, text);
    } catch (thrown) {
      throw fileError('write', file, thrown);
    }
  }
}

/** Listens to a run; at its end it writes. A run that was stopped changes nothing. */
export function updater(io: ReporterIo): Updater {
  let cases = new Map<string, SettledCase>();
  const bad: (readonly [SettledCase, TestOutcome])[] = [];
  let left = 0;
  return {
    event: (event) => {
      if (event.type === 'start') cases = new Map(event.cases.map((one) => [one.id, one]));
      const one = event.type === 'outcome' ? cases.get(event.outcome.id) : undefined;
      if (!one || event.type !== 'outcome') return;
      if (event.outcome.verdict === 'fail' || event.outcome.verdict === 'error') bad.push([one, event.outcome]);
    },
    finish: ({ cancelled }) => {
      left = bad.length;
      if (cancelled) return;
      const plan = planUpdates(bad, (file) => readFileSync(file, 'utf8'));
      write(plan.files);
      const byHand = new Set(plan.by_hand.map((one) => `${one.file}\0${one.name}`));
      left = bad.filter(([one, { verdict }]) => verdict === 'error' || byHand.has(`${one.file}\0${one.name}`)).length;
      if (bad.length > 0) io.out(`\n${lines(plan, io).join('\n')}\n`);
      const [done, hand] = [plan.updates.length, plan.by_hand.length];
      io.out(
        `${done} expected ${done === 1 ? 'value' : 'values'} written${hand > 0 ? `, ${hand} to edit by hand` : ''}\n`,
      );
    },
    left: () => left,
  };
}
