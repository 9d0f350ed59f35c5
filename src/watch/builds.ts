/** Builds objects when their sources change: one command at a time, a newer change stops it; what failed becomes errors. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type BuildFailure, buildErrors } from '../build/errors.ts';
import { type BuildRule, commandFor, objectOf } from '../build/rules.ts';
import { expandGlobs, type Project } from '../config.ts';
import type { FileError } from '../outcome.ts';
import { errorKey } from '../session/tree.ts';
import { signature, type WatchedDirectories } from './files.ts';
import { directoriesOf } from './globs.ts';

export interface BuildsOptions {
  readonly project: Project;
  /** What is being built, null when nothing is any more. */
  readonly building: (label: string | null) => void;
  /** The errors of all builds have changed, or one has ended. */
  readonly done: (text: string, good: boolean) => void;
}

/** Whether any of the paths may be a source; null: anything may have changed. */
export function concernsSources(hints: ReadonlySet<string | null>): boolean {
  return [...hints].some((path) => path === null || /\.[chSs]$|\.inc$/.test(path) || !/\.[^/.]+$/.test(path));
}

/** One command to run, and the sources whose errors it may take away. */
interface Job {
  readonly key: string;
  readonly label: string;
  readonly command: string;
}

function modified(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

export class Builds {
  private readonly options: BuildsOptions;
  private readonly rules: readonly BuildRule[];
  private readonly signatures = new Map<string, string>();
  private readonly failures = new Map<string, FileError[]>();
  private waiting = new Map<string, Job>();
  private child: Bun.Subprocess<'ignore', 'pipe', 'pipe'> | null = null;
  private underWay: Job | null = null;
  private looping: Promise<void> | null = null;
  private closed = false;

  constructor(options: BuildsOptions) {
    this.options = options;
    this.rules = options.project.builds ?? [];
  }

  /** Each once: a compiler that is missing is missing for every source. */
  errors(): FileError[] {
    const all = [...this.failures.values()].flat();
    return all.filter((one, i) => all.findIndex((other) => errorKey(other) === errorKey(one)) === i);
  }

  directories(): WatchedDirectories {
    const { project } = this.options;
    const globs = this.rules.flatMap((rule) => [...rule.sources, ...rule.headers]);
    return directoriesOf(project.root, globs, []);
  }

  /** Looks at all sources for the first time and builds what is not up to date. */
  async start(): Promise<void> {
    const { root } = this.options.project;
    for (const rule of this.rules) {
      const { sources, headers } = await this.files(rule);
      for (const path of [...sources, ...headers]) this.signatures.set(path, signature(path));
      if (!rule.each) this.add({ key: rule.label, label: rule.label, command: rule.command });
      const newest = Math.max(0, ...headers.map(modified));
      for (const source of rule.each ? sources : []) {
        const object = join(root, objectOf(rule, relative(root, source)));
        if (modified(object) < Math.max(newest, modified(source))) this.addSource(rule, source);
      }
    }
  }

  /** Builds what changed since the last look. */
  async look(): Promise<void> {
    for (const rule of this.rules) {
      const { sources, headers } = await this.files(rule);
      const changed = new Set([...sources, ...headers].filter((path) => this.isChanged(path)));
      if (changed.size === 0) continue;
      if (!rule.each) this.add({ key: rule.label, label: rule.label, command: rule.command });
      const all = headers.some((path) => changed.has(path));
      for (const source of rule.each ? sources : []) if (all || changed.has(source)) this.addSource(rule, source);
    }
  }

  /** Resolves when nothing is left to build. */
  async settled(): Promise<void> {
    while (this.looping) await this.looping;
  }

  close(): void {
    this.closed = true;
    this.waiting.clear();
    this.child?.kill();
  }

  private async files(rule: BuildRule): Promise<{ sources: string[]; headers: string[] }> {
    const { root } = this.options.project;
    const headers = await expandGlobs(root, rule.headers);
    return { sources: await expandGlobs(root, rule.sources), headers };
  }

  private isChanged(path: string): boolean {
    const now = signature(path);
    if (this.signatures.get(path) === now) return false;
    this.signatures.set(path, now);
    return true;
  }

  private addSource(rule: BuildRule, source: string): void {
    const { root } = this.options.project;
    const shown = relative(root, source);
    const object = join(root, objectOf(rule, shown));
    if (!existsSync(dirname(object))) mkdirSync(dirname(object), { recursive: true });
    this.add({ key: `${rule.label} ${source}`, label: shown, command: commandFor(rule, shown) });
  }

  private add(job: Job): void {
    this.waiting.set(job.key, job);
    if (this.underWay?.key === job.key) this.child?.kill();
    this.looping ??= this.loop().finally(() => {
      this.looping = null;
    });
  }

  private async loop(): Promise<void> {
    for (let job = this.next(); job; job = this.next()) await this.run(job);
    this.options.building(null);
  }

  private next(): Job | undefined {
    const [first] = this.waiting.values();
    if (first) this.waiting.delete(first.key);
    return first;
  }

  private async run(job: Job): Promise<void> {
    const { project, building, done } = this.options;
    building(job.label);
    this.underWay = job;
    const begin = performance.now();
    const failure = await this.execute(job);
    this.underWay = null;
    if (this.closed || this.waiting.has(job.key)) return;
    const took = `${((performance.now() - begin) / 1000).toFixed(1)} s`;
    if (failure) this.failures.set(job.key, buildErrors(failure, project.root, project.file ?? project.root));
    else this.failures.delete(job.key);
    done(`${job.label} ${failure ? 'does not build' : `built in ${took}`}`, failure === null);
  }

  private async execute({ command }: Job): Promise<BuildFailure | null> {
    const env = { ...process.env, LC_ALL: 'C', CLICOLOR_FORCE: undefined };
    const cwd = this.options.project.root;
    const child = Bun.spawn(['sh', '-c', command], { cwd, env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' });
    this.child = child;
    const [out, err] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    const code = await child.exited;
    this.child = null;
    return code === 0 ? null : { command, code: child.signalCode ?? code, output: out + err };
  }
}
