/** Makes a project of a directory with BPF objects: config, first cases, and the declarations that editors know `bpfdeck` by. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { EngineBackend } from '../backends/engine.ts';
import { readFileBytes } from '../cases/bytes.ts';
import { expandGlobs, findConfig } from '../config.ts';
import { plain } from '../format/sanitize.ts';
import { fileError, InputError } from '../input-error.ts';
import { caseFile } from './case.ts';
import { literal } from './literal.ts';

const EM_BPF = 247;
const CONFIG = 'bpfdeck.config.ts';
const TYPES = 'bpfdeck.d.ts';
const CASES = 'test';

/** A file of the new project; null: it was there and stays as it is. */
export interface Written {
  readonly path: string;
  readonly what: string;
  readonly kept: boolean;
}

function isBpf(bytes: Uint8Array): boolean {
  const elf = bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
  return elf && ((bytes[18] ?? 0) | ((bytes[19] ?? 0) << 8)) === EM_BPF;
}

/** BPF objects below a directory, absolute. */
async function findObjects(root: string): Promise<string[]> {
  const files = await expandGlobs(root, ['**/*.o']);
  return files.filter(
    (path) =>
      !path
        .slice(root.length)
        .split(sep)
        .some((part) => part.startsWith('.')) && isBpf(readFileBytes(path)),
  );
}

/** Paths as config and cases write them: forward slashes. */
function shown(root: string, path: string): string {
  return relative(root, path).replaceAll('\\', '/');
}

function nameOf(path: string): string {
  return basename(path).replace(/(\.bpf)?\.o$/, '');
}

/** A case file a name; objects of one name in several directories get the directory's too. */
function caseNames(root: string, objects: readonly string[]): Map<string, string> {
  const names = objects.map(nameOf);
  return new Map(
    objects.map((path, i) => {
      const twin = names.filter((name) => name === names[i]).length > 1;
      return [
        path,
        twin
          ? shown(root, path)
              .replace(/(\.bpf)?\.o$/, '')
              .replaceAll('/', '-')
          : names[i]!,
      ];
    }),
  );
}

function put(root: string, name: string, what: string, text: string, over = false): Written {
  const path = join(root, name);
  if (existsSync(path) && !over) return { path: name, what, kept: true };
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (thrown) {
    throw fileError('write', path, thrown);
  }
  return { path: name, what, kept: false };
}

/** A rule to begin with, where there are sources to build: left to the user to switch on. */
async function buildLine(root: string): Promise<string> {
  const sources = (await expandGlobs(root, ['**/*.bpf.c'])).map((path) => shown(root, path));
  const globs = [...new Set(sources.map((path) => join(dirname(path), '*.bpf.c')))].sort();
  if (globs.length === 0) return '';
  const build = existsSync(join(root, 'Makefile')) ? 'make' : { sources: globs.length === 1 ? globs[0] : globs };
  return `  // Built first, and again on every change: build: ${literal(build)},\n`;
}

async function configText(root: string, objects: readonly string[]): Promise<string> {
  const globs = [...new Set(objects.map((path) => shown(root, join(dirname(path), '*.o'))))].sort();
  const list = globs.length === 1 ? literal(globs[0]) : literal(globs, 2, 9);
  return `/// <reference path="./${TYPES}" />
/** What bpfdeck tests here: \`bpfdeck test\` once, \`bpfdeck watch\` on every change. */
import { defineConfig } from 'bpfdeck';

export default defineConfig({
  objects: ${list},
  cases: '${CASES}/**/*.case.*',
${await buildLine(root)}});
`;
}

/** Declarations as they ship with this version. */
function typesText(): string {
  return readFileSync(new URL('../../docs/bpfdeck.d.ts', import.meta.url), 'utf8');
}

/**
 * Writes a project's files; what is there already is kept. `named`: objects from `cwd`, all below it unless given.
 * Throws InputError when there is none, one cannot be opened, or a config above rules here.
 */
export async function initProject(cwd: string, named: readonly string[]): Promise<Written[]> {
  const root = resolve(cwd);
  const above = findConfig(root);
  if (above !== null && dirname(above) !== root)
    throw new InputError(`${above} is the config of this directory already`);
  const objects = named.length > 0 ? named.map((path) => resolve(root, path)) : await findObjects(root);
  if (objects.length === 0) throw new InputError(`there is no BPF object (*.o) in ${root}: build one, or name it`);
  const outside = objects.find((path) => relative(root, path).startsWith('..'));
  if (outside) throw new InputError(`${outside} is outside of ${root}: start in a directory above it`);
  const backend = new EngineBackend();
  const files: [name: string, what: string, text: string][] = [];
  for (const [path, name] of caseNames(root, objects)) {
    const { spec, refusal } = await backend.open(path, readFileBytes(path));
    if (!spec) throw new InputError(`${shown(root, path)}: ${plain(refusal?.message ?? 'it cannot be opened')}`);
    const text = await caseFile(spec, backend, shown(root, path), `../${TYPES}`);
    files.push([`${CASES}/${name}.case.ts`, `first cases for ${shown(root, path)}`, text]);
  }
  await backend.close();
  return [
    put(root, CONFIG, 'which objects and cases', await configText(root, objects)),
    put(root, TYPES, 'types for editors; written anew by each init', typesText(), true),
    ...files.map(([name, what, text]) => put(root, name, what, text)),
  ];
}
