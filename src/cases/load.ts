/** Case files to settled cases: imports each, collects what it exports or registers, settles it, finds its line. */
import { readFileSync } from 'node:fs';
import { expandGlobs, type Project } from '../config.ts';
import { InputError } from '../input-error.ts';
import type { FileError } from '../outcome.ts';
import type { SettledCase, TestCase } from '../test-case.ts';
import { casesOfData, isDataFile } from './data.ts';
import type { NameLines } from './field-line.ts';
import { framesOf } from './frames.ts';
import { nameLines } from './lines.ts';
import { guarded } from './load-guard.ts';
import { codeFrame, describeImportError, importUserModule } from './modules.ts';
import { notPlain } from './plain.ts';
import { named, suiteCases, takeRegistered, writtenName } from './register.ts';
import { settleCase } from './settle.ts';

export interface LoadedCases {
  readonly cases: readonly SettledCase[];
  readonly errors: readonly FileError[];
  /** Case files, absolute, whether or not they gave cases. */
  readonly files: readonly string[];
}

/** Default export and `cases`, functions called, lists flattened; what is no object stays for settling to complain about. */
async function flatten(value: unknown, out: Set<unknown>, within: ReadonlySet<unknown> = new Set()): Promise<void> {
  if (within.has(value)) throw new InputError('a list holds itself');
  const settled = await (typeof value === 'function' ? (value as () => unknown)() : value);
  if (Array.isArray(settled)) {
    const inside = new Set([...within, value, settled]);
    for (const item of settled) await flatten(item, out, inside);
  } else if (isGroup(settled)) for (const [one, name] of suiteCases({}, [settled])) out.add(named(one, name));
  else if (settled !== undefined) out.add(settled);
}

/** Cases that share fields, as plain data. */
function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Array.isArray((value as { cases?: unknown }).cases);
}

async function collect(exports: { readonly [name: string]: unknown }): Promise<unknown[]> {
  const found = new Set<unknown>();
  await flatten(exports.default, found);
  await flatten(exports.cases, found);
  return [...new Set([...takeRegistered(), ...found])];
}

/** The case, or one for each frame of its capture. */
function settleAll(one: unknown, project: Project, file: string, lines: NameLines): (SettledCase | FileError)[] {
  const name = typeof one === 'object' && one !== null ? (one as { name?: unknown }).name : undefined;
  const line = typeof name === 'string' ? lines.lineOf(writtenName(one as object) ?? name) : 1;
  const where = typeof name === 'string' ? `case ${JSON.stringify(name)}: ` : '';
  const failed = (message: string) => {
    const at = lines.fieldLine(message) ?? line;
    return { file, line: at, message: where + message, frame: codeFrame(lines.source, at) };
  };
  try {
    const frames = framesOf(one, { root: project.root, file });
    return frames.map(({ one: single, capture }) => {
      const settled = settleOne(single, project, file, line, failed);
      return capture !== null && 'id' in settled ? { ...settled, capture } : settled;
    });
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return [failed(thrown.message)];
  }
}

function settleOne(
  one: unknown,
  project: Project,
  file: string,
  line: number,
  failed: (message: string) => FileError,
): SettledCase | FileError {
  try {
    if (typeof one !== 'object' || one === null) throw new InputError(`${JSON.stringify(one)} is not a case`);
    const settled = settleCase(one as TestCase, project, file, line);
    const odd = notPlain({ ...settled, maps: (one as TestCase).maps, presets: [] }) ?? notPlain(settled);
    if (odd !== null) throw new InputError(`\`${odd.replace(': ', '` is ')}, where only data belongs`);
    return settled;
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return failed(thrown.message);
  }
}

/** What a file of data holds. */
async function dataCases(file: string): Promise<unknown[] | FileError> {
  const { placedError, readDataFile } = await import('./data-file.ts');
  const read = readDataFile(file);
  if (!read.ok) return read.error;
  try {
    return await collect({ default: casesOfData(read.value) });
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return placedError(file, read.text, thrown);
  }
}

/** What a module registers and exports. */
async function codeCases(file: string): Promise<unknown[] | FileError> {
  takeRegistered();
  try {
    return await guarded(file, async () => {
      const imported = await importUserModule(file);
      return imported.ok ? collect(imported.exports) : imported.error;
    });
  } catch (thrown) {
    if (thrown instanceof InputError) return { file, line: 1, message: thrown.message };
    return describeImportError(thrown, file);
  }
}

export async function loadCaseFile(file: string, project: Project): Promise<Omit<LoadedCases, 'files'>> {
  const found = isDataFile(file) ? await dataCases(file) : await codeCases(file);
  if (!Array.isArray(found)) return { cases: [], errors: [found] };
  const lines = await nameLines(file, readFileSync(file, 'utf8'));
  const cases: SettledCase[] = [];
  const errors: FileError[] = [];
  for (const one of found) {
    for (const settled of settleAll(one, project, file, lines)) {
      if ('id' in settled) cases.push(settled);
      else errors.push(settled);
    }
  }
  return { cases, errors };
}

/** Two cases of one name in one program would share an id: later ones are numbered. */
function numberTwins(cases: readonly SettledCase[]): SettledCase[] {
  const seen = new Map<string, number>();
  return cases.map((one) => {
    const n = (seen.get(one.id) ?? 0) + 1;
    seen.set(one.id, n);
    return n === 1 ? one : { ...one, id: `${one.id} (${n})` };
  });
}

/** Where any case says `only`, the others are skipped. */
function applyOnly(cases: readonly SettledCase[]): SettledCase[] {
  if (!cases.some((one) => one.only)) return [...cases];
  return cases.map((one) =>
    one.mode !== 'run' || one.only ? one : { ...one, mode: 'skip', skip_reason: 'another case says only' },
  );
}

/** Cases of several files as one list: twins numbered, the rest skipped where one says `only`. */
export function arrangeCases(cases: readonly SettledCase[]): SettledCase[] {
  return applyOnly(numberTwins(cases));
}

/** Loads every case file of a project; a file that cannot be loaded becomes an error, the others still give cases. */
export async function loadCases(project: Project): Promise<LoadedCases> {
  const files = await expandGlobs(project.root, project.cases);
  const cases: SettledCase[] = [];
  const errors: FileError[] = [];
  for (const file of files) {
    const loaded = await loadCaseFile(file, project);
    cases.push(...loaded.cases);
    errors.push(...loaded.errors);
  }
  return { cases: arrangeCases(cases), errors, files };
}

/** Cases whose id holds any of the words, in whatever case of letters; all of them without words. */
export function filterCases(cases: readonly SettledCase[], words: readonly string[]): SettledCase[] {
  const wanted = words.map((w) => w.toLowerCase());
  return cases.filter((one) => wanted.length === 0 || wanted.some((w) => one.id.toLowerCase().includes(w)));
}
