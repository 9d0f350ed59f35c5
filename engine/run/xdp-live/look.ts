/** One live frame looked at closely: its bytes before and after the program, what the program did step by step, what became of it. */
import { PRIV } from '../../layout.ts';
import type { Step } from '../../load/program-table.ts';
import type { LoadedProgram, World } from '../../load/types.ts';
import type { LiveState } from '../../net/live-state.ts';
import type { TraceEvent } from '../../net/live-trace.ts';
import { TraceRecord } from '../trace/record.ts';
import { lastRegisters, stepsOf } from '../trace/steps.ts';
import { TRACE_MAX, type Trace } from '../trace/types.ts';
import type { FrameWatch } from './batch.ts';
import type { LivePrograms } from './programs.ts';

/** Events of one frame: a broadcast has one a device. */
const EVENTS_MAX = 1024;

/** A frame that was run alone, in a batch of its own. */
export interface LiveLook {
  /** Its number, from 0. */
  readonly frame: number;
  /** As the program found it, metadata apart: a recycled page has what earlier frames left in it. */
  readonly data: Uint8Array;
  /** As the program left it. */
  readonly data_after: Uint8Array;
  /** What the program returned; null: a fault stopped it. */
  readonly verdict: number | null;
  /** What happened to it, in order. */
  readonly events: readonly TraceEvent[];
  readonly trace: Trace;
}

/** Watches the program frame by frame, of which the last one is kept. */
export class LookRecord implements FrameWatch {
  private readonly world: World;
  private readonly program: LoadedProgram;
  private readonly programs: LivePrograms;
  private readonly state: LiveState;
  private readonly record: TraceRecord;
  /** The program runs, and not one of a device. */
  private inside = false;
  private before: Uint8Array = new Uint8Array(0);
  private after: Uint8Array = new Uint8Array(0);
  private verdict: number | null = null;

  constructor(world: World, program: LoadedProgram, programs: LivePrograms, state: LiveState) {
    this.world = world;
    this.program = program;
    this.programs = programs;
    this.state = state;
    this.record = new TraceRecord(world, TRACE_MAX);
  }

  /** Seen by programs in their traced forms. */
  readonly step: Step = (program, insn, frame) => {
    if (this.inside) this.record.step(program, insn, frame);
  };

  /** The next frame is looked at. */
  begin(): void {
    const { trace } = this.state;
    trace.drain();
    trace.record(EVENTS_MAX);
    this.record.begin();
    this.verdict = null;
  }

  end(): void {
    this.state.trace.record(0);
    this.state.trace.drain();
  }

  run(): number {
    const { u8, u32 } = this.world.mem;
    this.before = u8.slice(u32[PRIV.PKT_DATA >>> 2]!, u32[PRIV.PKT_END >>> 2]!);
    this.after = this.before;
    this.inside = true;
    try {
      return this.programs.run({ run: this.program.entry() });
    } finally {
      this.inside = false;
    }
  }

  ran(page: number, verdict: number): void {
    this.after = this.state.pages.bytes(page).slice();
    this.verdict = verdict;
  }

  /** The frame that was run last; `frame`: the number of frames before it. */
  look(frame: number): LiveLook {
    const { world, record, program, before, after, verdict } = this;
    const events = this.state.trace.drain();
    const trace = {
      steps: stepsOf(world, record, program),
      registers: lastRegisters(world, record, program),
      total: record.total,
    };
    return { frame, data: before, data_after: after, verdict, events, trace };
  }
}
