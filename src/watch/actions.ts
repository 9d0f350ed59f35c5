/** What keys do outside of the screen: the editor at a line, a capture file of a case's packets, its id to the clipboard. */
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { shownStep } from '../cases/steps.ts';
import { commandText, liveCommand } from '../equal-command.ts';
import type { TestOutcome } from '../outcome.ts';
import { type CommentedFrame, writePcapng } from '../packet/pcap-write.ts';
import type { Command } from '../session/commands.ts';
import { rowsOf, type State } from '../session/state.ts';
import { cursorIndex, type Row } from '../session/tree.ts';
import type { SettledCase } from '../test-case.ts';
import type { Updates } from '../update/plan.ts';
import { equalCommand } from '../view/overlay.ts';
import { plural } from '../view/text.ts';
import { placeOf, sourceOf } from '../view/where.ts';
import type { TerminalHandle } from '../view.ts';
import { editorCommand, runEditor } from './editor.ts';
import { runHere, toShell } from './terminal-guests.ts';
import { planFor, writePlan } from './update.ts';

export interface ActionsOptions {
  readonly state: () => State;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Shows new expected values to be written, or (null) takes them away. */
  readonly plan: (plan: State['plan']) => void;
  /** The last outcome of a case in full. */
  readonly full: (id: string) => Promise<TestOutcome | null>;
  readonly log: (text: string, tag: 'plain' | 'good' | 'bad' | 'warn') => void;
}

export class WatchActions {
  private readonly options: ActionsOptions;
  private terminal: TerminalHandle | null = null;
  private editing = false;
  private plan: Updates | null = null;

  constructor(options: ActionsOptions) {
    this.options = options;
  }

  attach(terminal: TerminalHandle): void {
    this.terminal = terminal;
  }

  obey(command: Command): void {
    if (command.do === 'edit-test') this.editTest();
    else if (command.do === 'edit-source') this.editSource();
    else if (command.do === 'write-pcap') void this.writePackets();
    else if (command.do === 'copy-id') this.copyId();
    else if (command.do === 'plan-update') this.planUpdate();
    else if (command.do === 'apply-update') this.applyUpdate();
    else if (command.do === 'init') void this.init();
    else if (command.do === 'live') this.openLive();
    else if (command.do === 'to-shell') this.handOver(toShell);
    else if (command.do === 'redraw') this.handOver(async () => null);
  }

  private row(): Row | undefined {
    const state = this.options.state();
    const rows = rowsOf(state);
    return rows[cursorIndex(rows, state.selected, state.cases)];
  }

  private editTest(): void {
    const row = this.row();
    if (row?.kind === 'case') this.edit(row.one.file, row.one.line);
    if (row?.kind === 'error' && !row.error.object) this.edit(row.error.file, Math.max(1, row.error.line));
  }

  /** What the screen shows in full: the case under the cursor, or a run of the run screen. */
  private shown(): { readonly one: SettledCase; readonly outcome: TestOutcome | undefined } | null {
    const { screen, form, outcomes } = this.options.state();
    const row = this.row();
    if (screen === 'run') return form.trials[form.shown] ?? null;
    return row?.kind === 'case' ? { one: row.one, outcome: outcomes.get(row.one.id) } : null;
  }

  private editSource(): void {
    const shown = this.shown();
    if (!shown) return;
    const source = sourceOf(this.options.state(), shown.one, shown.outcome);
    const place = placeOf(shown.outcome);
    if (source && place) this.edit(source.path, Math.max(1, place.line));
  }

  private edit(file: string, line: number): void {
    const command = editorCommand(this.options.env, file, line);
    this.handOver(async () => runEditor(command));
  }

  /** Frames of the case under the cursor, or of the run that is looked at, on the live screen. */
  private openLive(): void {
    const one = this.chosenCase();
    if (!one) this.options.log('no live run: choose a case with a packet first', 'warn');
    else if (!one.data_in) this.options.log(`no live run: ${one.name} has no packet`, 'warn');
    else {
      const command = liveCommand(one, this.options.state().root);
      this.handOver(async () => runHere(command));
    }
  }

  private chosenCase(): SettledCase | undefined {
    const { screen } = this.options.state();
    const row = this.row();
    if (screen === 'run' || row?.kind === 'case') return this.shown()?.one;
    if (row?.kind === 'program') return row.node.cases[0];
    return row?.kind === 'object' ? row.node.programs.flatMap((program) => program.cases)[0] : undefined;
  }

  /** The terminal is another's until `run` ends; what went wrong there is said. */
  private handOver(run: () => Promise<string | null>): void {
    if (!this.terminal || this.editing) return;
    this.editing = true;
    let failure: string | null = null;
    void this.terminal
      .suspend(async () => {
        failure = await run();
        // The next key may come with the first frame.
        this.editing = false;
      })
      .catch((thrown: unknown) => {
        failure = thrown instanceof Error ? thrown.message : String(thrown);
      })
      .then(() => {
        this.editing = false;
        if (failure !== null) this.options.log(failure, 'bad');
      });
  }

  private async writePackets(): Promise<void> {
    const { root } = this.options.state();
    const shown = this.shown();
    if (!shown) return;
    const { one } = shown;
    const outcome = shown.outcome?.brief ? await this.options.full(one.id) : shown.outcome;
    const step = outcome ? shownStep(one, outcome) : one;
    const frames: CommentedFrame[] = [];
    const add = (bytes: unknown, comment: string) => {
      if (bytes instanceof Uint8Array && bytes.length > 0) frames.push({ bytes, comment: `${comment}: ${one.name}` });
    };
    add(step.data_in, 'data_in');
    add(step.expect.data_out, 'expected');
    add(outcome?.result?.data_out, 'data_out');
    if (frames.length === 0) {
      this.options.log('this case has no packets', 'warn');
      return;
    }
    const path = join(root, fileName(one.name));
    try {
      writeFileSync(path, writePcapng(frames));
      this.options.log(
        `wrote ${relative(root, path)}: ${frames.map((f) => f.comment?.split(':')[0]).join(', ')}`,
        'good',
      );
    } catch (thrown) {
      this.options.log(`cannot write ${path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, 'bad');
    }
  }

  private async planUpdate(): Promise<void> {
    const state = this.options.state();
    this.plan = await this.tried(() => planFor(state, rowsOf(state)));
    if (!this.plan) return;
    const { updates, by_hand } = this.plan;
    if (updates.length + by_hand.length > 0) this.options.plan({ updates, by_hand });
    else this.options.log('nothing to update: only differences of values can be', 'warn');
  }

  private async applyUpdate(): Promise<void> {
    const { plan } = this;
    this.plan = null;
    this.options.plan(null);
    if (!plan || plan.updates.length === 0) return;
    const written = await this.tried(() => {
      writePlan(plan);
      return plan.updates.length;
    });
    if (written !== null) this.options.log(`wrote ${plural(written, 'expected value')}`, 'good');
  }

  /** What goes wrong with files is said, and no end of the session. */
  private async tried<T>(act: () => T | Promise<T>): Promise<T | null> {
    try {
      return await act();
    } catch (thrown) {
      this.options.log(thrown instanceof Error ? thrown.message : String(thrown), 'bad');
      return null;
    }
  }

  /** The files that it writes are picked up as any others. */
  private async init(): Promise<void> {
    const { initProject } = await import('../init/project.ts');
    try {
      const written = await initProject(this.options.state().root, []);
      this.options.log(`wrote ${written.flatMap(({ path, kept }) => (kept ? [] : [path])).join(', ')}`, 'good');
    } catch (thrown) {
      this.options.log(thrown instanceof Error ? thrown.message : String(thrown), 'bad');
    }
  }

  private copyId(): void {
    const row = this.row();
    const state = this.options.state();
    const command = state.overlay === 'equal' ? equalCommand(state, row) : null;
    if (command && this.terminal) {
      this.terminal.copy(commandText(command));
      this.options.log(`copied ${command.slice(0, 4).join(' ')} …`, 'plain');
      return;
    }
    if (row?.kind !== 'case' || !this.terminal) return;
    this.terminal.copy(row.one.id);
    this.options.log(`copied ${row.one.id}`, 'plain');
  }
}

const NAME_MAX = 60;

/** A case's name as a file's. */
function fileName(name: string): string {
  const safe = name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '');
  return `${safe.slice(0, NAME_MAX) || 'case'}.pcapng`;
}
