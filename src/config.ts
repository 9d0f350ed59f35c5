/** Finds and loads bpfdeck.config.ts: the project's root, its globs and its defaults. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type BuildRule, settleBuilds } from './build/rules.ts';
import { checkFields } from './cases/fields.ts';
import { guarded } from './cases/load-guard.ts';
import { importUserModule } from './cases/modules.ts';
import type { Config } from './define.ts';
import { InputError } from './input-error.ts';
import type { FileError } from './outcome.ts';

const NAMES = ['bpfdeck.config.ts', 'bpfdeck.config.js', 'bpfdeck.config.mjs'];
const DEFAULT_CASES = ['ts', 'js', 'yaml', 'yml', 'json'].map((ext) => `**/*.case.${ext}`);
const FIELDS = ['objects', 'cases', 'build', 'defaults', 'btf', 'lenient'];
const DEFAULTS_FIELDS = ['env', 'netns', 'budget', 'repeat', 'flags', 'maps'];

/** A project as the rest of the app sees it: globs as lists, paths absolute. */
export interface Project {
  /** The config file, null when there is none. */
  readonly file: string | null;
  /** Directory that paths in config and cases are relative to. */
  readonly root: string;
  readonly objects: readonly string[];
  readonly cases: readonly string[];
  readonly defaults: NonNullable<Config['defaults']>;
  readonly btf: string | null;
  readonly lenient: boolean;
  /** What `test` builds first, and `watch` when sources change. */
  readonly builds?: readonly BuildRule[];
}

export type LoadedProject =
  | { readonly ok: true; readonly project: Project }
  | { readonly ok: false; readonly error: FileError };

/** The config file in `directory` or the nearest one above it, null if there is none. */
export function findConfig(directory: string): string | null {
  for (let at = resolve(directory); ; at = dirname(at)) {
    for (const name of NAMES) if (existsSync(join(at, name))) return join(at, name);
    if (dirname(at) === at) return null;
  }
}

function list(value: unknown, field: string): readonly string[] {
  if (value === undefined) return [];
  const many = Array.isArray(value) ? value : [value];
  if (many.every((v) => typeof v === 'string')) return many;
  throw new InputError(`\`${field}\` must be a glob or a list of globs`);
}

function settle(config: Config, file: string | null, root: string): Project {
  checkFields(config, FIELDS, 'the config');
  checkFields(config.defaults ?? {}, DEFAULTS_FIELDS, '`defaults`');
  const cases = list(config.cases, 'cases');
  return {
    file,
    root,
    objects: list(config.objects, 'objects'),
    cases: cases.length > 0 ? cases : DEFAULT_CASES,
    defaults: config.defaults ?? {},
    btf: config.btf === undefined ? null : resolve(root, config.btf),
    lenient: config.lenient === true,
    builds: settleBuilds(config.build),
  };
}

/** Loads the project around `directory`, or of the config file named. Without a config: `directory` with defaults. */
export async function loadProject(directory: string, explicit?: string): Promise<LoadedProject> {
  const file = explicit === undefined ? findConfig(directory) : resolve(directory, explicit);
  if (file === null) return { ok: true, project: settle({}, null, resolve(directory)) };
  if (!existsSync(file)) return { ok: false, error: { file, line: 1, message: 'there is no such config file' } };
  try {
    const imported = await guarded(file, () => importUserModule(file));
    if (!imported.ok) return imported;
    const config = imported.exports.default;
    if (typeof config !== 'object' || config === null) throw new InputError('it must export default defineConfig({…})');
    return { ok: true, project: settle(config as Config, file, dirname(file)) };
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return { ok: false, error: { file, line: 1, message: thrown.message } };
  }
}

/** Absolute paths of the files under the project's root that match any of the globs, sorted. */
export async function expandGlobs(root: string, globs: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const pattern of globs) {
    const glob = new Bun.Glob(pattern.replace(/^\.\//, ''));
    for await (const path of glob.scan({ cwd: root, absolute: true, onlyFiles: true })) {
      if (!path.slice(root.length).includes('/node_modules/')) found.add(path);
    }
  }
  return [...found].sort();
}
