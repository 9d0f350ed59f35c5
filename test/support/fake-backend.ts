/** A backend for tests of what stands on one: objects are a bare ELF header and a JSON script that says what each program returns. */
import type { MapDump, ObjectSpec, ProgRunResult, ProgramSpec, Refusal } from '../../engine/index.ts';
import type { Backend, OpenReply, RunReply, RunRequest } from '../../src/backends/backend.ts';

export interface FakeProgram {
  readonly type?: number;
  readonly retval?: number;
  readonly errno?: number;
  readonly printk?: readonly string[];
  /** Milliseconds a run takes; cancel() ends it. */
  readonly takes_ms?: number;
  readonly refusal?: Refusal;
  readonly throws?: string;
}

export interface FakeScript {
  readonly programs: { readonly [name: string]: FakeProgram };
}

const HEADER_BYTES = 64;
const SECTION_TABLE_AT = 0x28;

/** A file that isWholeElf() takes for whole. */
export function fakeObject(script: FakeScript): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(script));
  const bytes = new Uint8Array(HEADER_BYTES + text.length);
  bytes.set([0x7f, 0x45, 0x4c, 0x46]);
  new DataView(bytes.buffer).setBigUint64(SECTION_TABLE_AT, BigInt(HEADER_BYTES), true);
  bytes.set(text, HEADER_BYTES);
  return bytes;
}

function programSpec(name: string, type: number): ProgramSpec {
  const lists = { insns: new Uint8Array(0), subprogs: [], relocs: [], lines: [], tags: [] };
  const kind = { section: 'xdp', type, attach_type: 0, attach_target: '', prog_flags: 0, autoload: true };
  return { name, ...kind, ...lists, error: null };
}

export function fakeResult(more: Partial<ProgRunResult> = {}): ProgRunResult {
  const nothing = { data_out: null, data_size_out: null, ctx_out: null, ctx_size_out: null, ctx_in_after: null };
  const rest = { printk: [], records: [], redirect: null, fault: null, insns_executed: 3, duration_ns: 5 };
  return { errno: 0, reason: '', retval: 0, ...nothing, ...rest, ...more };
}

const XDP = 6;

export class FakeBackend implements Backend {
  readonly name = 'engine';
  readonly runs: RunRequest[] = [];
  /** Runs of failures once more, for their trace, which this backend has not. */
  readonly traced: RunRequest[] = [];
  private readonly scripts = new Map<string, FakeScript>();
  private wake: (() => void) | null = null;
  private cancelled = false;

  async open(path: string, bytes: Uint8Array): Promise<OpenReply> {
    this.scripts.delete(path);
    try {
      const script = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER_BYTES))) as FakeScript;
      this.scripts.set(path, script);
      const programs = Object.entries(script.programs).map(([name, { type }]) => programSpec(name, type ?? XDP));
      const spec: ObjectSpec = { path, license: 'GPL', btf: null, programs, maps: [], warnings: [], core_target: '' };
      return { spec, refusal: null };
    } catch {
      return { spec: null, refusal: { stage: 'open', errno: 0, message: 'not an object', where: {} } };
    }
  }

  async run(request: RunRequest): Promise<RunReply> {
    (request.opts.trace ? this.traced : this.runs).push(request);
    this.cancelled = false;
    const program = this.scripts.get(request.object)?.programs[request.program];
    const maps: readonly MapDump[] = [];
    if (!program) {
      const refusal: Refusal = { stage: 'load', errno: 0, message: `no program ${request.program}`, where: {} };
      return { result: null, refusal, maps, maps_before: maps };
    }
    if (program.throws !== undefined) throw new Error(program.throws);
    if (program.refusal) return { result: null, refusal: program.refusal, maps, maps_before: maps };
    if (program.takes_ms !== undefined) await this.wait(program.takes_ms);
    const { retval = 0, errno = 0, printk = [] } = program;
    const result = fakeResult({
      retval,
      errno: this.cancelled ? 4 : errno,
      printk,
      data_out: request.opts.data_in ?? null,
    });
    return { result, refusal: null, maps, maps_before: maps };
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  cancel(): void {
    this.cancelled = true;
    this.wake?.();
  }

  async close(): Promise<void> {
    this.cancel();
  }
}
