/** The embedded engine behind the Backend interface: keeps loaded objects, gives every run fresh maps, applies presets, dumps maps. */
import {
  type BpfMap,
  type Coverage,
  ctxFromFields,
  ERRNO,
  enterNetns,
  type KernelConfig,
  type LoadedObject,
  loadObject,
  type MapDump,
  type ObjectSpec,
  openObject,
  type ProgRunOpts,
  progRun,
  type Refusal,
  type Result,
} from '../../engine/index.ts';
import { type ProgramLines, programLines } from '../coverage/program-lines.ts';
import { progTypeNumber } from '../format/prog-types.ts';
import { InputError } from '../input-error.ts';
import { openLiveRun } from '../live/engine.ts';
import { runWhole, wholeRequest } from '../live/whole.ts';
import { didYouMean } from '../suggest.ts';
import type {
  Backend,
  BloomAnswers,
  LiveCaseReply,
  LiveCaseRequest,
  OpenReply,
  RunReply,
  RunRequest,
  RunStep,
} from './backend.ts';
import { askBlooms } from './bloom-asks.ts';
import { ExtendedPrograms } from './engine/extended.ts';
import { applyPresets, type EngineObject, InnerMaps, mapIn } from './engine/presets.ts';
import { withNames } from './engine/refs.ts';
import { EngineWorlds } from './engine/worlds.ts';
import { betweenRuns } from './presets.ts';
import { labelOf, worldName } from './world-names.ts';

/** A loaded object, those that share its world, and the inner maps that presets made in it. */
interface Loaded {
  readonly object: LoadedObject;
  /** All of them, the object itself first. */
  readonly objects: readonly EngineObject[];
  readonly inner: InnerMaps;
}

interface Opened {
  readonly bytes: Uint8Array;
  readonly btf: Uint8Array | undefined;
  readonly config: KernelConfig | undefined;
  readonly spec: ObjectSpec;
}

function refusal(stage: Refusal['stage'], errno: number, message: string): Refusal {
  return { stage, errno, message, where: {} };
}

function refused(why: Refusal): RunReply {
  return { result: null, refusal: why, maps: [], maps_before: [] };
}

/** A mistake in what the user wrote is a refusal. */
function orRefused(run: () => RunReply): RunReply {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return refused(refusal('run', 0, thrown.message));
  }
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** PROG_TYPE of a request: forced, else the section's. */
function typeOf(request: RunStep, spec: ObjectSpec): number {
  if (request.type !== undefined) return progTypeNumber(request.type);
  return spec.programs.find((p) => p.name === request.program)?.type ?? 0;
}

function checkProgram(spec: ObjectSpec, program: string): void {
  if (spec.programs.some((p) => p.name === program)) return;
  const names = spec.programs.map((p) => p.name);
  throw new InputError(
    `the object has no program ${program}${didYouMean(program, names) || `: one of ${names.join(', ')}`}`,
  );
}

/** PROG_TYPEs forced by a request, by program. */
function forcedTypes({ more = [], ...first }: RunRequest): { [program: string]: number } {
  const forced = [first, ...more].flatMap(({ program, type }) =>
    type === undefined ? [] : [[program, progTypeNumber(type)] as const],
  );
  return Object.fromEntries(forced);
}

/** What shapes a world: CPUs, leniency, forced types, and the objects beside the first, which may extend what runs. */
interface Shape {
  readonly cpus: number;
  readonly lenient: boolean;
  readonly types: { readonly [program: string]: number };
  readonly running: readonly string[];
  /** All of it in words, with the paths of the further objects. */
  readonly shape: string;
}

/** Cases run again with the same request. */
const shapes = new WeakMap<RunRequest, Shape>();

function shapeOf(request: RunRequest): Shape {
  const known = shapes.get(request);
  if (known) return known;
  const cpus = request.opts.env?.cpus ?? 1;
  const lenient = request.lenient === true;
  const types = forcedTypes(request);
  const paths = request.with ?? [];
  const running = paths.length === 0 ? [] : [request, ...(request.more ?? [])].map(({ program }) => program);
  const made = { cpus, lenient, types, running, shape: JSON.stringify([cpus, lenient, types, running, ...paths]) };
  shapes.set(request, made);
  return made;
}

export class EngineBackend implements Backend {
  readonly name = 'engine';
  private readonly objects = new Map<string, Opened>();
  private readonly worlds = new EngineWorlds<Loaded>();
  private readonly counts: Coverage = new Map();
  private readonly extended = new ExtendedPrograms();
  /** Whether the request under way adds to the counts. */
  private counting = false;
  /** Options of steps that run again and again. */
  private readonly opts = new WeakMap<RunStep, ProgRunOpts>();
  private readonly cancelWord: Int32Array;
  private readonly ownsWord: boolean;

  /** `cancelWord`: a word in shared memory by which another thread cancels; that thread also clears it. */
  constructor(cancelWord?: Int32Array) {
    this.ownsWord = cancelWord === undefined;
    this.cancelWord = cancelWord ?? new Int32Array(new SharedArrayBuffer(4));
  }

  async open(path: string, bytes: Uint8Array, btf?: Uint8Array, config?: KernelConfig): Promise<OpenReply> {
    const known = this.objects.get(path);
    const same = known && sameBytes(known.bytes, bytes) && sameBytes(known.btf, btf) && known.config === config;
    if (same) return { spec: known.spec, refusal: null };
    const opened = openObject({ path, bytes }, { ...(btf && { btf }), ...(config && { config }) });
    this.objects.delete(path);
    this.worlds.forget(path);
    if (!opened.ok) return { spec: null, refusal: opened.error };
    this.objects.set(path, { bytes, btf, config, spec: opened.value });
    return { spec: opened.value, refusal: null };
  }

  async run(request: RunRequest): Promise<RunReply> {
    const opened = this.objects.get(request.object);
    if (!opened) return refused(refusal('open', 0, `${request.object} is not open`));
    this.counting = request.counted === true;
    return orRefused(() => {
      const world = this.load(opened, request);
      return world.ok ? this.runIn(world.value, request, opened.spec) : refused(world.error);
    });
  }

  /** The world for a request, loaded when none of its shape is kept. */
  private load(opened: Opened, request: RunRequest): Result<Loaded> {
    const { cpus, lenient, types, running, shape } = shapeOf(request);
    const further = this.further(request);
    const kept = this.worlds.get(request.object, shape);
    const current = kept?.objects.slice(1).every(({ object }, i) => object.spec === further[i]?.[1]);
    if (kept && current) return { ok: true, value: kept };
    this.worlds.makeRoom(request.object, shape);
    const objects: EngineObject[] = [];
    const foreign = (name: string) => mapIn(objects, name);
    const spec = further.length === 0 ? opened.spec : this.extended.extend(opened.spec, further, running);
    const made = loadObject(spec, { cpus, lenient, types, foreign });
    if (!made.ok) return made;
    objects.push({ label: '', object: made.value });
    for (const [path, spec] of further) {
      const more = loadObject(spec, { lenient, world: made.value.world });
      if (!more.ok) return more;
      objects.push({ label: labelOf(path), object: more.value });
    }
    const value = { object: made.value, objects, inner: new InnerMaps(made.value) };
    this.worlds.add(request.object, shape, value);
    return { ok: true, value };
  }

  /** The further objects that a request names. */
  private further(request: RunRequest): [path: string, spec: ObjectSpec][] {
    return (request.with ?? []).map((path) => {
      const opened = this.objects.get(path);
      if (!opened) throw new InputError(`${path} is not open`);
      return [path, opened.spec];
    });
  }

  private runIn(loaded: Loaded, request: RunRequest, spec: ObjectSpec): RunReply {
    const { object, objects, inner } = loaded;
    checkProgram(spec, request.program);
    if (this.ownsWord) Atomics.store(this.cancelWord, 0, 0);
    const entered = enterNetns(object, request.opts.netns);
    if (!entered.ok) return refused(entered.error);
    object.reset();
    inner.reset();
    applyPresets(objects, inner, request.presets, request.opts.env?.cpus ?? 1);
    // What a program may do depends on what is in .rodata when it is loaded.
    const program = object.program(request.program);
    if (!program.ok) return refused(program.error);
    const first = this.runStep(loaded, request, spec, this.dump(objects));
    if (request.more === undefined) return first;
    return { ...first, more: this.runMore(loaded, request.more, spec, first) };
  }

  /** Further runs on the same maps, up to one that is refused or stopped. */
  private runMore(loaded: Loaded, steps: readonly RunStep[], spec: ObjectSpec, first: RunReply): RunReply[] {
    const replies: RunReply[] = [];
    let last = first;
    for (const step of steps) {
      if (last.result === null || last.result.errno === ERRNO.EINTR) break;
      last = orRefused(() => this.runLater(loaded, step, spec, last.maps));
      replies.push(last);
    }
    return replies;
  }

  private runLater(loaded: Loaded, step: RunStep, spec: ObjectSpec, maps: readonly MapDump[]): RunReply {
    const { object, objects, inner } = loaded;
    checkProgram(spec, step.program);
    if (step.presets.length === 0) return this.runStep(loaded, step, spec, maps);
    const current = (name: string) => mapIn(objects, name)?.userLookup(new Uint8Array(4)) ?? null;
    const world = objects.map((one) => ({ label: one.label, spec: one.object.spec }));
    const now = betweenRuns(world, step.presets, current);
    applyPresets(objects, inner, step.presets, object.world.maps.cpus, now);
    return this.runStep(loaded, step, spec, this.dump(objects));
  }

  private runStep(
    { object, objects }: Loaded,
    step: RunStep,
    spec: ObjectSpec,
    maps_before: readonly MapDump[],
  ): RunReply {
    const ctx = this.context(step, spec);
    if (!ctx.ok) return refused(ctx.error);
    const done = progRun(object, step.program, this.optsOf(step, ctx.value));
    if (!done.ok) return { ...refused(done.error), maps_before };
    const reply = { result: done.value, refusal: null, maps: this.dump(objects), maps_before };
    return step.asks === undefined ? reply : { ...reply, blooms: this.ask(objects, step) };
  }

  private optsOf(step: RunStep, ctx_in: Uint8Array | null): ProgRunOpts {
    const counted = this.counting ? { coverage: this.counts } : {};
    if (ctx_in !== null || this.counting) {
      return { ...step.opts, ...(ctx_in ? { ctx_in } : {}), ...counted, cancel: this.cancelWord };
    }
    const known = this.opts.get(step) ?? { ...step.opts, cancel: this.cancelWord };
    this.opts.set(step, known);
    return known;
  }

  private ask(objects: readonly EngineObject[], step: RunStep): BloomAnswers {
    const world = objects.map(({ label, object }) => ({ label, spec: object.spec }));
    return askBlooms(world, step, (map, value) => (mapIn(objects, map)?.userLookup(value) ?? null) !== null);
  }

  private context(step: RunStep, spec: ObjectSpec): Result<Uint8Array | null> {
    if (step.ctx === undefined) return { ok: true, value: null };
    return ctxFromFields(typeOf(step, spec), step.ctx, step.opts.data_in?.length ?? 0);
  }

  /** Every map once, under the name of the first object that has it. */
  private dump(objects: readonly EngineObject[]): MapDump[] {
    const [only] = objects;
    if (only && objects.length === 1) return withNames(only.object, only.object.dumpMaps());
    const seen = new Set<BpfMap>();
    return objects.flatMap(({ label, object }) => {
      const own = object.dumpMaps().filter(({ name }) => {
        const map = object.map(name);
        const fresh = map !== undefined && !seen.has(map);
        if (map !== undefined) seen.add(map);
        return fresh;
      });
      return withNames(object, own).map((dump) =>
        label === '' ? dump : { ...dump, name: worldName(label, dump.name) },
      );
    });
  }

  async coverage(): Promise<readonly ProgramLines[]> {
    const counts = this.extended.apart(this.counts);
    return [...this.objects].flatMap(([path, { spec }]) =>
      spec.programs.filter(({ error }) => error === null).map((one) => programLines(path, one, counts.get(one))),
    );
  }

  /** In a world of its own, whose memory is handed on afterwards. */
  async live(asked: LiveCaseRequest): Promise<LiveCaseReply> {
    const request = wholeRequest(asked, (path) => this.objects.get(path));
    if ('stage' in request) return { end: null, refusal: request };
    if (this.ownsWord) Atomics.store(this.cancelWord, 0, 0);
    const opened = openLiveRun(request, this.cancelWord);
    if (!opened.ok) return { end: null, refusal: opened.error };
    return { end: await runWhole(opened.value, request), refusal: null };
  }

  /** A run under way is reached only from another thread, through the word. */
  cancel(): void {
    Atomics.store(this.cancelWord, 0, 1);
  }

  async close(): Promise<void> {
    this.objects.clear();
    this.worlds.clear();
  }
}
