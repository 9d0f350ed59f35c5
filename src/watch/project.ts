/** A project under watch: config, case files and objects on one side, hints about paths in, what to run again out. */
import { basename, dirname, join, relative, resolve } from 'node:path';
import { arrangeCases } from '../cases/load.ts';
import { forgetUserModules } from '../cases/modules.ts';
import { objectsOf } from '../cases/steps.ts';
import { chosenCases, namedObjects, type SuiteRequest, shownPath } from '../cases/suite.ts';
import { taggedCases } from '../cases/tags.ts';
import { expandGlobs, findConfig, loadProject, type Project } from '../config.ts';
import type { FileError } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { CaseBook } from './cases.ts';
import { isIgnored, signature, type WatchedDirectories } from './files.ts';
import { directoriesOf } from './globs.ts';
import { importClosure } from './imports.ts';
import { type ObjectChange, WatchedObjects } from './objects.ts';

const CONFIG_NAME = /^bpfdeck\.config\.(ts|js|mjs)$/;

/** What a look at the files found. */
export interface Found {
  /** Why to run, and which cases. */
  readonly reruns: { readonly cause: string; readonly ids: readonly string[] }[];
  /** Objects to open anew. */
  readonly objects: readonly ObjectChange[];
  /** The list of cases, errors or objects is another one. */
  readonly listed: boolean;
}

export class WatchedProject {
  readonly request: SuiteRequest;
  project: Project | null = null;
  cases: readonly SettledCase[] = [];
  readonly objects = new WatchedObjects();
  /** Of config and case files. */
  private configErrors: readonly FileError[] = [];
  private book: CaseBook | null = null;
  private named: readonly string[] = [];
  /** Cases that objects bring along in their BTF. */
  private readonly tagged = new Map<string, readonly SettledCase[]>();
  private readonly signatures = new Map<string, string>();
  private configParts = new Set<string>();

  constructor(request: SuiteRequest) {
    this.request = request;
  }

  get root(): string {
    return this.project?.root ?? this.request.cwd;
  }

  errors(): FileError[] {
    return [...this.configErrors, ...(this.book?.errors() ?? [])];
  }

  directories(): WatchedDirectories {
    const { project, root } = this;
    const globs = project ? [...project.cases, ...(this.named.length > 0 ? [] : project.objects)] : [];
    const files = [...this.signatures.keys(), ...this.objects.paths(), join(root, 'bpfdeck.config.ts')];
    return directoriesOf(root, globs, files);
  }

  /** Reads config and all case files. With a config that cannot be read, everything else stays as it was. */
  async load(now: number, cause: string): Promise<Found> {
    const named = this.request.config;
    const file = named === undefined ? findConfig(this.request.cwd) : resolve(this.request.cwd, named);
    forgetUserModules(file === null ? this.root : dirname(file));
    const loaded = await loadProject(this.request.cwd, named);
    this.configParts = new Set(file === null ? [] : importClosure(file));
    this.configErrors = loaded.ok ? [] : [loaded.error];
    if (loaded.ok) {
      this.project = loaded.project;
      this.book = new CaseBook(loaded.project);
      await this.book.loadAll();
    }
    this.named = await namedObjects(this.request);
    this.settleCases();
    const objects = await this.settleObjects(now);
    if (this.readTags(objects)) this.settleCases();
    return { reruns: [{ cause, ids: this.cases.map((one) => one.id) }], objects, listed: true };
  }

  /** Looks at the paths that may have changed (null among them: at all of them). */
  async look(hints: ReadonlySet<string | null>, now: number): Promise<Found> {
    const paths = this.suspects(hints);
    const objects = paths.flatMap((path) => this.objects.check(path, now) ?? []);
    const parts = this.changedParts(paths);
    const config = [...hints].some(
      (path) => path !== null && CONFIG_NAME.test(basename(path)) && this.isNewConfig(path),
    );
    if (config || [...parts].some((path) => this.configParts.has(path))) {
      const saved = [...parts].find((path) => this.configParts.has(path)) ?? join(this.root, 'bpfdeck.config.ts');
      const found = await this.load(now, `${shownPath(this.root, saved)} saved`);
      return { ...found, objects: [...objects, ...found.objects] };
    }
    const unknown = this.hasUnknown(hints) || objects.some((change) => this.isDropped(change));
    const tagged = this.readTags(objects);
    if (tagged) this.settleCases();
    if (parts.size === 0 && !unknown) return { reruns: this.rebuilt(objects), objects, listed: tagged };
    return this.reread(parts, objects, now);
  }

  /** Config, case files and what they are made of that changed since the last look. */
  private changedParts(paths: readonly string[]): Set<string> {
    const changed = new Set<string>();
    for (const path of paths) {
      const known = this.signatures.get(path);
      const now = signature(path);
      if (known === undefined || known === now) continue;
      this.signatures.set(path, now);
      changed.add(path);
    }
    return changed;
  }

  private isNewConfig(path: string): boolean {
    return this.project?.file === null && dirname(path) === this.root && signature(path) !== '';
  }

  /** Known paths behind hints: the path itself, or everything below a directory. */
  private suspects(hints: ReadonlySet<string | null>): string[] {
    const known = [...this.signatures.keys(), ...this.objects.paths()];
    if (hints.has(null)) return known;
    return known.filter((path) => [...hints].some((hint) => path === hint || path.startsWith(`${hint}/`)));
  }

  /** Whether a hint is about a file that globs match and nobody knows yet, or about a directory that may hold one. */
  private hasUnknown(hints: ReadonlySet<string | null>): boolean {
    const { project } = this;
    if (!project) return false;
    const globs = [...project.cases, ...(this.named.length > 0 ? [] : project.objects)];
    const matchers = globs.map((glob) => new Bun.Glob(glob.replace(/^\.\//, '')));
    for (const hint of hints) {
      if (hint === null) return true;
      if (this.signatures.has(hint) || this.objects.has(hint) || isIgnored(hint)) continue;
      const path = relative(project.root, hint);
      if (matchers.some((glob) => glob.match(path))) return true;
      if (!/\.[^/.]+$/.test(path) && signature(hint) !== '') return true;
    }
    return false;
  }

  /** An object that only a glob named is no longer listed when it is gone. */
  private isDropped({ path, state }: ObjectChange): boolean {
    return (
      state === 'missing' && !this.named.includes(path) && !this.cases.some((one) => objectsOf(one).includes(path))
    );
  }

  /** Reads changed case files again and expands globs anew. */
  private async reread(parts: ReadonlySet<string>, objects: readonly ObjectChange[], now: number): Promise<Found> {
    const before = new Map(this.cases.map((one) => [one.id, one.mode]));
    const touched = (await this.book?.reload(parts)) ?? new Set<string>();
    this.settleCases();
    const more = await this.settleObjects(now);
    if (this.readTags(more)) this.settleCases();
    const all = [...objects, ...more];
    const again = this.cases.filter((one) => touched.has(one.file) || before.get(one.id) !== one.mode);
    const reruns = this.rebuilt(touched.size > 0 ? objects : all);
    const gone = before.size !== this.cases.length;
    if (touched.size > 0 || again.length > 0) {
      reruns.push({ cause: this.savedCause(parts, touched), ids: again.map((one) => one.id) });
    }
    return { reruns, objects: all, listed: touched.size > 0 || more.length > 0 || gone };
  }

  private savedCause(parts: ReadonlySet<string>, touched: ReadonlySet<string>): string {
    const files = parts.size > 0 ? [...parts] : [...touched];
    const first = files[0];
    if (files.length !== 1 || first === undefined) return `${files.length} files saved`;
    return `${shownPath(this.root, first)} ${signature(first) === '' ? 'removed' : 'saved'}`;
  }

  /** A rerun for each object that is there in a new form. */
  private rebuilt(objects: readonly ObjectChange[]): { cause: string; ids: string[] }[] {
    const whole = objects.filter((change) => change.state === 'whole');
    return whole.map(({ path, before }) => ({
      cause: `${shownPath(this.root, path)} ${before === 'missing' ? 'built' : 'rebuilt'}`,
      ids: this.cases.filter((one) => objectsOf(one).includes(path)).map((one) => one.id),
    }));
  }

  /** Reads the cases that changed objects bring along; whether there were or are any. */
  private readTags(changes: readonly ObjectChange[]): boolean {
    let any = false;
    for (const { path, bytes, state } of changes) {
      const had = this.tagged.delete(path);
      const cases = bytes && state === 'whole' && this.project ? taggedCases(path, bytes, this.project) : [];
      if (cases.length > 0) this.tagged.set(path, cases);
      any ||= had || cases.length > 0;
    }
    return any;
  }

  private settleCases(): void {
    const written = this.book?.cases() ?? [];
    const tagged = [...this.tagged.values()].flat();
    const all = tagged.length === 0 ? written : arrangeCases([...written, ...tagged]);
    this.cases = chosenCases(all, this.request, this.named);
    const parts = new Set([...this.configParts, ...(this.book?.parts() ?? [])]);
    for (const path of this.signatures.keys()) if (!parts.has(path)) this.signatures.delete(path);
    for (const path of parts) if (!this.signatures.has(path)) this.signatures.set(path, signature(path));
  }

  private async settleObjects(now: number): Promise<ObjectChange[]> {
    const { project } = this;
    const globbed = this.named.length > 0 || !project ? this.named : await expandGlobs(project.root, project.objects);
    return this.objects.set([...this.cases.flatMap(objectsOf), ...globbed], now);
  }
}
