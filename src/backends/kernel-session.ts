/** Answers the requests of a backend with the kernel, in the process that makes the system calls. */
import {
  ctxFromFields,
  MAP_TYPE,
  type ObjectSpec,
  type OutputRecord,
  openObject,
  type ProgRunResult,
  type Refusal,
} from '../../engine/index.ts';
import { progTypeNumber } from '../format/prog-types.ts';
import { InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import type { OpenReply, RunReply, RunRequest } from './backend.ts';
import { pinToCpu } from './kernel-cpu.ts';
import { LoadedInKernel } from './kernel-loaded.ts';
import { updateElem } from './kernel-map-io.ts';
import { type KernelMap, possibleCpus } from './kernel-maps.ts';
import { PerfRing } from './kernel-perf.ts';
import { openPrintk, takeLines } from './kernel-printk.ts';
import { ringbufRecords } from './kernel-ringbuf.ts';
import { testRun } from './kernel-run.ts';
import { kernelTypes } from './kernel-types.ts';
import { presetUpdates } from './presets.ts';

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

export class KernelSession {
  private readonly specs = new Map<string, ObjectSpec>();
  private printk: PerfRing | string | null = null;

  /** CO-RE relocations are resolved against `btf`, else against the running kernel's types. */
  open(path: string, bytes: Uint8Array, btf?: Uint8Array): OpenReply {
    const own = btf === undefined ? kernelTypes() : null;
    const target = btf ?? own;
    const opened = openObject({ path, bytes }, target === null ? {} : { btf: target });
    if (!opened.ok) {
      this.specs.delete(path);
      return { spec: null, refusal: opened.error };
    }
    const spec = own === null ? opened.value : { ...opened.value, core_target: "the running kernel's types" };
    this.specs.set(path, spec);
    return { spec, refusal: null };
  }

  /** Loads, fills, runs, reads back; nothing of it is left in the kernel afterwards. */
  run(request: RunRequest): RunReply {
    const spec = this.specs.get(request.object);
    if (spec === undefined)
      return refused({ stage: 'open', errno: 0, message: `${request.object} is not open`, where: {} });
    const loaded = new LoadedInKernel(spec);
    try {
      return this.runLoaded(loaded, spec, request);
    } catch (thrown) {
      if (!(thrown instanceof InputError)) throw thrown;
      return refused({ stage: 'run', errno: 0, message: thrown.message, where: {} });
    } finally {
      loaded.close();
    }
  }

  private runLoaded(loaded: LoadedInKernel, spec: ObjectSpec, request: RunRequest): RunReply {
    const names = spec.programs.map((p) => p.name);
    if (!names.includes(request.program)) {
      const hint = didYouMean(request.program, names) || `: one of ${names.join(', ')}`;
      throw new InputError(`the object has no program ${request.program}${hint}`);
    }
    const updates = presetUpdates(spec, request.presets, possibleCpus());
    const env = request.opts.env ?? {};
    const type = request.type === undefined ? 0 : progTypeNumber(request.type);
    const wrong = loaded.load({ program: request.program, type, updates, env });
    if (wrong !== null) return refused(wrong.refusal, wrong.log);
    const program = loaded.programs.get(request.program)!;
    let opts = request.opts;
    if (request.ctx !== undefined) {
      const ctx = ctxFromFields(program.type, request.ctx, opts.data_in?.length ?? 0);
      if (!ctx.ok) return refused(ctx.error);
      opts = { ...opts, ctx_in: ctx.value };
    }
    const maps_before = loaded.dump();
    const maps = [...loaded.maps.values()];
    const readers = maps.filter((map) => map.type === MAP_TYPE.PERF_EVENT_ARRAY).map(openReader);
    const cpu = pinToCpu(env.cpu ?? 0);
    this.printk ??= openPrintk();
    const outcome = testRun(program.fd, program.type, opts);
    const rings = maps.filter((map) => map.type === MAP_TYPE.RINGBUF);
    const result: ProgRunResult = {
      ...outcome,
      printk: typeof this.printk === 'string' ? [] : takeLines(this.printk),
      records: [...rings.flatMap((map) => ringbufRecords(map, cpu)), ...readers.flatMap(perfRecords)],
    };
    for (const reader of readers) for (const ring of reader.rings) ring.close();
    const reply = { result, refusal: null, maps: loaded.dump(), maps_before };
    return typeof this.printk === 'string' ? { ...reply, unseen: ['printk'] } : reply;
  }

  close(): void {
    if (this.printk instanceof PerfRing) this.printk.close();
    this.printk = null;
  }
}
