/** Drives a watch session: files to runs to state, commands from the screen, and the exit code at the end. */
import { relative } from 'node:path';
import type { SuiteRequest } from '../cases/suite.ts';
import type { Project } from '../config.ts';
import { EXIT, type ExitCode, InputError } from '../input-error.ts';
import type { FileError, RunEvent } from '../outcome.ts';
import type { CaseRunner } from '../runner/case-runner.ts';
import type { RunnerCrash } from '../runner/crash.ts';
import { SteadyRunner } from '../runner/steady.ts';
import { emptySummary, exitCodeOf, summarize } from '../runner/summary.ts';
import { type Command, reaches } from '../session/commands.ts';
import { chosenObject, type RunNews } from '../session/run.ts';
import { rowsOf } from '../session/state.ts';
import { cursorIndex } from '../session/tree.ts';
import type { SettledCase } from '../test-case.ts';
import type { Store } from '../view.ts';
import { WatchActions } from './actions.ts';
import { Builds, concernsSources } from './builds.ts';
import { Explainer } from './explain.ts';
import { FileWatcher } from './files.ts';
import { IdleMemory } from './idle-memory.ts';
import { RETRY_MS } from './objects.ts';
import { type Found, WatchedProject } from './project.ts';
import { RunQueue } from './runs.ts';
import { SessionStore } from './store.ts';
import { runTrial, trialCase, writeCase } from './trial.ts';

export interface WatchOptions {
  /** Absent: one of its own. */
  readonly store?: SessionStore;
  readonly request: SuiteRequest;
  readonly runner: CaseRunner;
  readonly poll: boolean;
  readonly ascii?: boolean;
}

export class WatchSession implements Store {
  /** Resolves with the exit code when the user quits; rejects when something of ours broke. */
  readonly done: Promise<ExitCode>;
  readonly subscribe: Store['subscribe'];
  readonly getSnapshot: Store['getSnapshot'];
  readonly ascii: boolean;
  private readonly runner: CaseRunner;
  private readonly store: SessionStore;
  private readonly files: WatchedProject;
  private readonly watcher: FileWatcher;
  private readonly queue: RunQueue;
  private project: Project | null = null;
  private readonly programs = new Map<string, readonly string[]>();
  private readonly objectErrors = new Map<string, FileError>();
  /** Objects whose programs were asked for, for the run screen. */
  private readonly opened = new Set<string>();
  private hints = new Set<string | null>();
  private looking = false;
  private retry: ReturnType<typeof setTimeout> | null = null;
  private held: Found['reruns'] = [];
  private closed = false;
  private readonly actions: WatchActions;
  private builds: Builds | null = null;
  private readonly explainer: Explainer;
  private readonly memory = new IdleMemory();
  private readonly settle: { resolve: (code: ExitCode) => void; reject: (error: unknown) => void };

  constructor(options: WatchOptions) {
    const { promise, resolve, reject } = Promise.withResolvers<ExitCode>();
    this.done = promise;
    this.settle = { resolve, reject };
    this.runner = new SteadyRunner(options.runner, (crash) => this.sayBroken(crash));
    this.ascii = options.ascii === true;
    this.files = new WatchedProject(options.request);
    this.store = options.store ?? new SessionStore(options.request.cwd);
    this.subscribe = this.store.subscribe;
    this.getSnapshot = this.store.getSnapshot;
    this.actions = new WatchActions({
      state: () => this.store.state,
      env: process.env,
      full: (id) => this.runner.outcome(id),
      plan: (plan) => this.store.dispatch({ type: 'plan', plan }),
      log: (text, tag) => this.log(text, tag),
    });
    this.watcher = new FileWatcher({
      poll: options.poll,
      hint: (path) => this.hint(path),
      error: (error) => this.log(`watching: ${error instanceof Error ? error.message : String(error)}`, 'warn'),
    });
    this.queue = new RunQueue({
      runner: this.runner,
      cases: () => this.runnable(),
      shown: () => this.store.state.selected,
      emit: (event) => this.takeEvent(event),
      crash: (error) => this.crash(error),
    });
    this.explainer = new Explainer({
      runner: this.runner,
      state: () => this.store.state,
      busy: () => this.queue.running,
      dispatch: (action) => this.store.dispatch(action),
      crash: (error) => this.crash(error),
    });
    this.store.subscribe(this.explainer.hint);
  }

  /** Reads the project, runs everything, and goes on watching. */
  async start(): Promise<void> {
    try {
      this.looking = true;
      await this.take(await this.files.load(Date.now(), 'start'));
      await this.watchAll();
      this.looking = false;
      this.hint(null);
    } catch (error) {
      this.crash(error);
    }
  }

  /** Stops everything; `done` resolves with the code. */
  async finish(code: ExitCode): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.retry) clearTimeout(this.retry);
    this.explainer.close();
    this.memory.busy();
    this.queue.interrupt();
    this.builds?.close();
    await this.watcher.close();
    await this.runner.close();
    this.settle.resolve(code);
  }

  readonly crash: Store['crash'] = (error) => {
    this.settle.reject(error);
  };

  readonly resize: Store['resize'] = (columns, rows) => {
    this.store.dispatch({ type: 'size', columns, rows });
  };

  readonly attach: NonNullable<Store['attach']> = (terminal) => {
    this.actions.attach(terminal);
  };

  readonly send: Store['send'] = (command) => {
    const cursor = this.store.state;
    this.store.dispatch({ type: 'command', command });
    if (!reaches(cursor, command)) return;
    this.obey(command);
  };

  /** A line for the events of the screen, from a case file's console. */
  note(text: string, loud: boolean): void {
    this.log(text, loud ? 'warn' : 'plain');
  }

  private obey(command: Command): void {
    if (command.do === 'rerun-all') this.queue.add(this.ids(this.files.cases), 'a: all cases');
    else if (command.do === 'rerun-selected') this.rerunSelected();
    else if (command.do === 'pause') this.resume();
    else if (command.do === 'quit') void this.finish(this.exitCode());
    else if (command.do === 'interrupt') this.interrupt();
    else if (command.do === 'run-form') void this.runForm().catch(this.crash);
    else if (command.do === 'make-case') this.makeCase();
    else this.actions.obey(command);
    if (this.store.state.screen === 'run') void this.openChosen().catch(this.crash);
  }

  /** All programs of the object that the run screen has chosen. */
  private async openChosen(): Promise<void> {
    const path = chosenObject(this.store.state);
    if (path === null || this.opened.has(path) || this.files.objects.absent().has(path)) return;
    this.opened.add(path);
    const { programs } = await this.runner.open(path);
    this.store.dispatch({ type: 'programs', object: path, programs });
  }

  private async runForm(): Promise<void> {
    const { state } = this.store;
    if (!this.project || state.form.busy) return;
    const news = (one: RunNews) => this.store.dispatch({ type: 'run', news: one });
    try {
      const one = trialCase(state, this.project);
      news({ type: 'busy' });
      const outcome = await runTrial(this.runner, one, () => this.files.cases);
      const from = state.cases.find((other) => other.id === state.form.from);
      const packet = from ? `packet of ${from.name}` : state.form.packet;
      if (outcome) news({ type: 'trial', trial: { at: Date.now(), one, packet, outcome } });
      else news({ type: 'error', message: 'the run was stopped' });
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown;
      news({ type: 'error', message: thrown.message });
    }
  }

  private makeCase(): void {
    const { form } = this.store.state;
    const trial = form.trials[form.shown];
    if (trial) this.log(`wrote ${this.shown(writeCase(trial, this.store.state))}`, 'good');
  }

  private takeEvent(event: RunEvent): void {
    if (event.type === 'start') this.memory.busy();
    this.store.event(event);
    if (event.type === 'end') this.memory.rest();
  }

  private interrupt(): void {
    if (this.queue.running && !this.queue.stopping) this.queue.interrupt();
    else void this.finish(EXIT.INTERRUPTED);
  }

  private sayBroken({ message, case_id }: RunnerCrash): void {
    const one = this.files.cases.find(({ id }) => id === case_id);
    const when = one ? ` while it ran ${one.name}` : '';
    this.log(`bpfdeck broke${when}: ${message}. A bug of ours, please report it; r runs again`, 'bad');
  }

  private ids(cases: readonly SettledCase[]): string[] {
    return cases.map((one) => one.id);
  }

  private rerunSelected(): void {
    const { state } = this.store;
    const rows = rowsOf(state);
    const row = rows[cursorIndex(rows, state.selected, state.cases)];
    if (row?.kind === 'case') this.queue.add([row.one.id], `r: ${row.one.name}`);
    else if (row?.kind === 'program') this.queue.add(this.ids(row.node.cases), `r: ${row.node.label}`);
    else if (row?.kind === 'object') {
      this.queue.add(this.ids(row.node.programs.flatMap((p) => p.cases)), `r: ${row.node.label}`);
    } else this.hint(null);
  }

  /** The code that quitting now gives: that of the verdicts on the screen. */
  private exitCode(): ExitCode {
    const { state } = this.store;
    let summary = emptySummary();
    for (const error of state.errors) summary = summarize(summary, { type: 'file-error', error });
    for (const outcome of state.outcomes.values()) summary = summarize(summary, { type: 'outcome', run: 0, outcome });
    return exitCodeOf(summary, true);
  }

  private log(text: string, tag: 'plain' | 'good' | 'bad' | 'warn'): void {
    this.store.dispatch({ type: 'log', line: { at: Date.now(), text, tag } });
  }

  /** Cases whose object is there. */
  private runnable(): SettledCase[] {
    const absent = this.files.objects.absent();
    return this.files.cases.filter((one) => !absent.has(one.object));
  }

  private hint(path: string | null): void {
    this.hints.add(path);
    if (this.looking || this.closed) return;
    this.looking = true;
    void this.lookAround().catch(this.crash);
  }

  /** Looks until there is no hint left; hints that come meanwhile are taken along. */
  private async lookAround(): Promise<void> {
    try {
      while (this.hints.size > 0 && !this.closed) {
        const hints = this.hints;
        this.hints = new Set();
        await this.take(await this.files.look(hints, Date.now()));
        if (concernsSources(hints)) await this.builds?.look();
      }
    } finally {
      this.looking = false;
    }
  }

  /** Acts on what a look found: objects are opened anew, lists shown, cases run. */
  private async take(found: Found): Promise<void> {
    await this.tellRunner(found);
    const unused = found.objects.filter((change) => !this.files.cases.some((one) => one.object === change.path));
    for (const { path, state, bytes, before } of found.objects) {
      this.opened.delete(path);
      if (state === 'whole' && bytes) void this.runner.open(path, bytes).catch(this.crash);
      if (state === 'missing' && before === 'whole') this.log(`${this.shown(path)} removed, waiting for it`, 'warn');
      if (state === 'damaged') this.log(`${this.shown(path)} stays half written`, 'warn');
    }
    for (const { path, state } of unused) await this.lookInside(path, state === 'whole');
    if (found.listed || unused.length > 0) this.show();
    this.dispatchAbsent();
    for (const rerun of found.reruns) this.rerun(rerun);
    if (found.listed) await this.watchAll();
    this.retrySoon();
  }

  /** A new project resolves types against another file, perhaps; new cases must be known before they run. */
  private async tellRunner(found: Found): Promise<void> {
    const { project, cases } = this.files;
    if (project && project !== this.project) {
      await this.runner.setProject(project);
      this.startBuilds(project);
    }
    this.project = project;
    if (found.listed) this.runner.setCases(cases);
  }

  /** Builds with the rules of a new config; those under way belong to the old one. */
  private startBuilds(project: Project): void {
    this.builds?.close();
    this.builds = null;
    this.store.dispatch({ type: 'building', label: null });
    if (!project.builds?.length) return;
    const builds = new Builds({
      project,
      building: (label) => this.store.dispatch({ type: 'building', label }),
      done: (text, good) => {
        this.log(text, good ? 'good' : 'bad');
        this.show();
        this.hint(null);
      },
    });
    this.builds = builds;
    void builds.start().catch(this.crash);
  }

  private shown(path: string): string {
    return relative(this.files.root, path);
  }

  /** An object without cases: which programs it has, or why it cannot be opened. */
  private async lookInside(path: string, present: boolean): Promise<void> {
    const opened = present ? await this.runner.open(path) : { programs: [], refusal: null };
    this.programs.set(path, opened.programs);
    if (!opened.refusal) this.objectErrors.delete(path);
    else this.objectErrors.set(path, { file: path, line: 0, message: opened.refusal.message, object: true });
  }

  private show(): void {
    const { project, cases, objects, root } = this.files;
    const paths = objects.paths();
    const broken = paths.flatMap((path) => this.objectErrors.get(path) ?? []);
    const globs = { objects: project?.objects ?? [], cases: project?.cases ?? [] };
    this.store.flush();
    this.store.dispatch(
      { type: 'project', root, config: project?.file ?? this.files.errors()[0]?.file ?? null, globs },
      {
        type: 'cases',
        cases,
        errors: [...(this.builds?.errors() ?? []), ...this.files.errors(), ...broken],
        objects: paths,
        programs: this.programs,
      },
    );
  }

  private dispatchAbsent(): void {
    const known = this.store.state.absent;
    const absent = this.files.objects.absent();
    const same = known.size === absent.size && [...absent].every(([path, state]) => known.get(path) === state);
    if (!same) this.store.dispatch({ type: 'absent', absent });
  }

  private rerun({ cause, ids }: Found['reruns'][number]): void {
    if (!this.store.state.paused) {
      this.queue.add(ids, cause);
      return;
    }
    this.held = [...this.held, { cause, ids }];
    this.store.dispatch({ type: 'held', causes: this.held.map((one) => one.cause) });
  }

  private resume(): void {
    if (this.store.state.paused) return;
    const held = this.held;
    this.held = [];
    this.store.dispatch({ type: 'held', causes: [] });
    for (const { cause, ids } of held) this.queue.add(ids, cause);
  }

  private async watchAll(): Promise<void> {
    await this.watcher.watch(this.files.directories());
    if (this.builds) await this.watcher.watch(this.builds.directories());
  }

  private retrySoon(): void {
    if (this.retry || this.files.objects.writing.length === 0 || this.closed) return;
    this.retry = setTimeout(() => {
      this.retry = null;
      for (const path of this.files.objects.writing) this.hint(path);
    }, RETRY_MS);
  }
}
