/** Answers the requests of a backend with the kernel, in the process that makes the system calls. */
import {
  ctxFromFields,
  ERRNO,
  MAP_TYPE,
  type MapDump,
  type ObjectSpec,
  type OutputRecord,
  openObject,
  type ProgRunResult,
  type Refusal,
} from '../../../engine/index.ts';
import { progTypeNumber } from '../../format/prog-types.ts';
import { InputError } from '../../input-error.ts';
import { didYouMean } from '../../suggest.ts';
import type { OpenReply, RunReply, RunRequest, RunStep } from '../backend.ts';
import { askBlooms } from '../bloom-asks.ts';
import { betweenRuns, presetUpdates } from '../presets.ts';
import { labelOf, type WorldObject } from '../world-names.ts';
import { asksForConfig, kernelConfig } from './config.ts';
import { pinToCpu } from './cpu.ts';
import type { LoadWish } from './loaded.ts';
import { updateElem } from './map-io.ts';
import { type KernelMap, possibleCpus } from './maps.ts';
import { PerfRing } from './perf.ts';
import { openPrintk, takeLines } from './printk.ts';
import { ringbufRecords } from './ringbuf.ts';
import { testRun } from './run.ts';
import { RUNNING_KERNEL } from './typed.ts';
import { kernelTypes } from './types.ts';
import { KernelWorld } from './world.ts';

function refused(why: Refusal, log = ''): RunReply {
  return { result: null, refusal: why, maps: [], maps_before: [], ...(log === '' ? {} : { log }) };
}

/** Perf rings of one perf event array, a CPU each. */
interface PerfReader {
  readonly map: KernelMap;
  readonly rings: readonly PerfRing[];
}

function openReader(map: KernelMap): PerfReader {
  const rings: PerfRing[] = [];
  for (let cpu = 0; cpu < Math.min(map.max_entries, possibleCpus()); cpu++) {
    const ring = PerfRing.forOutput(cpu);
    if (typeof ring === 'number') break;
    const key = new Uint8Array(new Uint32Array([cpu]).buffer);
    updateElem(map, key, new Uint8Array(new Int32Array([ring.fd]).buffer));
    rings.push(ring);
  }
  return { map, rings };
}

function perfRecords({ map, rings }: PerfReader): OutputRecord[] {
  return rings.flatMap((ring, cpu) =>
    ring.drain().samples.map((data): OutputRecord => ({ map: map.spec.name, kind: 'perf', cpu, data })),
  );
}

/** A mistake in what the user wrote is a refusal. */
function orRefused(run: () => RunReply): RunReply {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return refused({ stage: 'run', errno: 0, message: thrown.message, where: {} });
  }
}

function checkProgram(spec: ObjectSpec, program: string): void {
  const names = spec.programs.map((p) => p.name);
  if (names.includes(program)) return;
  throw new InputError(
    `the object has no program ${program}${didYouMean(program, names) || `: one of ${names.join(', ')}`}`,
  );
}

function wishOf({ program, type }: RunStep): NonNullable<LoadWish['also']>[number] {
  return { program, type: type === undefined ? 0 : progTypeNumber(type) };
}

/** The first run's environment; what only later ones say is theirs from the start, so that programs are made for it. */
function wholeEnv({ opts, more = [] }: RunRequest): NonNullable<LoadWish['env']> {
  return Object.assign({}, ...more.map((step) => step.opts.env), opts.env);
}

export class KernelSession {
  private readonly specs = new Map<string, ObjectSpec>();
  private printk: PerfRing | string | null = null;

  /** CO-RE relocations are resolved against `btf`, else against the running kernel's types; .kconfig is the running kernel's. */
  open(path: string, bytes: Uint8Array, btf?: Uint8Array): OpenReply {
    const own = btf === undefined ? kernelTypes() : null;
    const target = btf ?? own;
    const opts = target === null ? {} : { btf: target };
    let opened = openObject({ path, bytes }, opts);
    if (opened.ok && asksForConfig(opened.value)) {
      opened = openObject({ path, bytes }, { ...opts, config: kernelConfig() });
    }
    if (!opened.ok) {
      this.specs.delete(path);
      return { spec: null, refusal: opened.error };
    }
    const spec = own === null ? opened.value : { ...opened.value, core_target: RUNNING_KERNEL };
    this.specs.set(path, spec);
    return { spec, refusal: null };
  }

  /** Loads, fills, runs, reads back; nothing of it is left in the kernel afterwards. */
  run(request: RunRequest): RunReply {
    const spec = this.specs.get(request.object);
    if (spec === undefined)
      return refused({ stage: 'open', errno: 0, message: `${request.object} is not open`, where: {} });
    const further: WorldObject[] = [];
    for (const path of request.with ?? []) {
      const other = this.specs.get(path);
      if (other === undefined) return refused({ stage: 'open', errno: 0, message: `${path} is not open`, where: {} });
      further.push({ label: labelOf(path), spec: other });
    }
    const loaded = new KernelWorld(spec, further);
    try {
      return orRefused(() => this.runLoaded(loaded, spec, request));
    } finally {
      loaded.close();
    }
  }

  private runLoaded(loaded: KernelWorld, spec: ObjectSpec, request: RunRequest): RunReply {
    checkProgram(spec, request.program);
    const more = request.more ?? [];
    const updates = presetUpdates(loaded.world, request.presets, possibleCpus());
    const wrong = loaded.load({ ...wishOf(request), also: more.map(wishOf), env: wholeEnv(request), updates });
    if (wrong !== null) return refused(wrong.refusal, wrong.log);
    const readers = loaded
      .maps()
      .filter((map) => map.type === MAP_TYPE.PERF_EVENT_ARRAY)
      .map(openReader);
    try {
      const first = this.runStep(loaded, request, readers, loaded.dump());
      return more.length === 0 ? first : { ...first, more: this.runMore(loaded, spec, more, readers, first) };
    } finally {
      for (const reader of readers) for (const ring of reader.rings) ring.close();
    }
  }

  /** Further runs on the same maps, up to one that is refused or stopped. */
  private runMore(
    loaded: KernelWorld,
    spec: ObjectSpec,
    steps: readonly RunStep[],
    readers: readonly PerfReader[],
    first: RunReply,
  ): RunReply[] {
    const replies: RunReply[] = [];
    let last = first;
    for (const step of steps) {
      if (last.result === null || last.result.errno === ERRNO.EINTR) break;
      last = orRefused(() => this.runLater(loaded, spec, step, readers));
      replies.push(last);
    }
    return replies;
  }

  private runLater(loaded: KernelWorld, spec: ObjectSpec, step: RunStep, readers: readonly PerfReader[]): RunReply {
    checkProgram(spec, step.program);
    const now = betweenRuns(loaded.world, step.presets, (name) => loaded.sectionData(name));
    const wrong = loaded.again(step.opts.env ?? {}, presetUpdates(now, step.presets, possibleCpus()));
    return wrong === null ? this.runStep(loaded, step, readers, loaded.dump()) : refused(wrong.refusal, wrong.log);
  }

  private runStep(
    loaded: KernelWorld,
    step: RunStep,
    readers: readonly PerfReader[],
    maps_before: readonly MapDump[],
  ): RunReply {
    const program = loaded.programs.get(step.program)!;
    let opts = step.opts;
    if (step.ctx !== undefined) {
      const ctx = ctxFromFields(program.type, step.ctx, opts.data_in?.length ?? 0);
      if (!ctx.ok) return refused(ctx.error);
      opts = { ...opts, ctx_in: ctx.value };
    }
    const cpu = pinToCpu(opts.env?.cpu ?? 0);
    this.printk ??= openPrintk();
    const outcome = testRun(program.fd, program.type, opts);
    const rings = loaded.maps().filter((map) => map.type === MAP_TYPE.RINGBUF);
    const result: ProgRunResult = {
      ...outcome,
      printk: typeof this.printk === 'string' ? [] : takeLines(this.printk),
      records: [...rings.flatMap((map) => ringbufRecords(map, cpu)), ...readers.flatMap(perfRecords)],
    };
    const unseen = typeof this.printk === 'string' ? (['printk', 'redirect'] as const) : (['redirect'] as const);
    const reply = { result, refusal: null, maps: loaded.dump(), maps_before, unseen };
    if (step.asks === undefined) return reply;
    return { ...reply, blooms: askBlooms(loaded.world, step, (map, value) => loaded.holds(map, value)) };
  }

  close(): void {
    if (this.printk instanceof PerfRing) this.printk.close();
    this.printk = null;
  }
}
