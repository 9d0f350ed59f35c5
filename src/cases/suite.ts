/** A project with everything in it that a run needs: settled cases, objects to look at, and the files that could not be read. */
import { relative, resolve } from 'node:path';
import { expandGlobs, loadProject, type Project } from '../config.ts';
import { InputError } from '../input-error.ts';
import type { FileError } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { readFileBytes } from './bytes.ts';
import { arrangeCases, filterCases, loadCases } from './load.ts';
import { objectsOf } from './steps.ts';
import { taggedCases } from './tags.ts';

/** What the command line asks for. */
export interface SuiteRequest {
  readonly cwd: string;
  /** A config file named by the user. */
  readonly config?: string;
  /** Only cases whose id holds one of these words. */
  readonly filters: readonly string[];
  /** Only these objects, from `cwd`; empty: those of the config and of the cases. */
  readonly objects: readonly string[];
}

export interface Suite {
  /** Null when the config cannot be read. */
  readonly project: Project | null;
  readonly cases: readonly SettledCase[];
  /** Absolute paths of objects: the config's or the user's, whether or not a case uses them. */
  readonly objects: readonly string[];
  readonly errors: readonly FileError[];
}

/** Objects a user named, absolute; patterns that the shell left alone are expanded. */
export async function namedObjects(request: SuiteRequest): Promise<string[]> {
  const found: string[] = [];
  for (const word of request.objects) {
    if (/[*?[{]/.test(word)) found.push(...(await expandGlobs(request.cwd, [word])));
    else found.push(resolve(request.cwd, word));
  }
  return [...new Set(found)];
}

/** The cases that a request is about. */
export function chosenCases(
  cases: readonly SettledCase[],
  request: SuiteRequest,
  objects: readonly string[],
): SettledCase[] {
  const wanted = filterCases(cases, request.filters);
  return request.objects.length === 0
    ? wanted
    : wanted.filter((one) => objectsOf(one).some((path) => objects.includes(path)));
}

/** Cases that an object brings along; an object that cannot be read is told of when it is opened. */
function taggedIn(path: string, project: Project): SettledCase[] {
  try {
    return taggedCases(path, readFileBytes(path), project);
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return [];
  }
}

/** Builds what the config says; gives what did not build. */
export type Build = (project: Project) => Promise<readonly FileError[]>;

/**
 * Reads config and case files; whatever cannot be read becomes an error beside what could. With `build` the objects are built
 * before they are looked for; where that fails there is no case, since a verdict on an old object would be none.
 */
export async function loadSuite(request: SuiteRequest, build: Build | null = null): Promise<Suite> {
  const loaded = await loadProject(request.cwd, request.config);
  if (!loaded.ok) return { project: null, cases: [], objects: await namedObjects(request), errors: [loaded.error] };
  const { project } = loaded;
  const unbuilt = build === null ? [] : await build(project);
  const { cases, errors } = await loadCases(project);
  if (unbuilt.length > 0) return { project, cases: [], objects: [], errors: [...unbuilt, ...errors] };
  const named = await namedObjects(request);
  const objects = request.objects.length > 0 ? named : await expandGlobs(project.root, project.objects);
  const all = arrangeCases([...cases, ...objects.flatMap((path) => taggedIn(path, project))]);
  return { project, cases: chosenCases(all, request, named), objects, errors };
}

/** A path as the user would write it. */
export function shownPath(root: string, path: string): string {
  const inside = relative(root, path);
  return inside === '' || inside.startsWith('..') ? path : inside;
}
