/** Watches live frames in the kernel: programs of our own at the tracepoints of XDP, page pool and stack, as far as they are about our namespaces. */
import { readFileSync } from 'node:fs';
import { datasecVars, type ObjectSpec, openObject, type TraceEvent, type TraceName } from '../../../engine/index.ts';
import { InputError } from '../../input-error.ts';
import { LIVE_TRACEPOINTS } from '../../live/tracepoints.ts';
import { bpf } from './attr.ts';
import { LoadedInKernel } from './loaded.ts';
import { dumpMap, lookupElem, updateElem } from './map-io.ts';
import type { KernelMap } from './maps.ts';
import type { KernelProgram } from './progs.ts';
import { ringbufRecords } from './ringbuf.ts';
import { closeFd } from './syscall.ts';
import { kernelTypes } from './types.ts';

const OBJECT = new URL('../../../fixtures/kernel/live-watch.bpf.o', import.meta.url);

/** What was told apart: so often, sums of what it counts, the fields of the last event. */
export interface WatchedKind {
  readonly name: TraceName;
  readonly code: number;
  readonly netns: 'near' | 'far';
  /** The device, CPU or map that it is about. */
  readonly about: number;
  readonly count: number;
  readonly sums: readonly [number, number];
  readonly last: Readonly<Record<string, number>>;
}

function fieldsAt(view: DataView, at: number, fields: readonly string[]): Record<string, number> {
  return Object.fromEntries(fields.map((field, i) => [field, view.getInt32(at + i * 4, true)]));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

export class LiveWatch {
  readonly maps: ReadonlyMap<string, KernelMap>;
  readonly spec: ObjectSpec;
  private readonly object: LoadedInKernel;
  private readonly attached: number[] = [];
  private readonly offsets: ReadonlyMap<string, number>;

  /** Loads it and attaches it. `cookies`: of the near and of the far namespace. Throws InputError where the kernel refuses. */
  constructor(cookies: readonly [bigint, bigint]) {
    this.spec = openWatch();
    this.object = new LoadedInKernel(this.spec);
    const traced = this.spec.programs.filter(({ section }) => section.startsWith('raw_tp/'));
    const peers = this.spec.programs.filter(({ name }) => /^peer_(?!user_)/.test(name));
    const also = [...traced, ...peers].map(({ name }) => ({ program: name, type: 0 }));
    const refused = this.object.load({ program: '', type: 0, updates: [], also });
    if (refused !== null) throw new InputError(`the kernel cannot be watched: ${refused.refusal.message}`);
    this.maps = this.object.maps;
    const bss = this.spec.maps.find((one) => one.name === '.bss')!;
    this.offsets = new Map(datasecVars(this.spec.btf!, bss.value_type_id).map(({ name, offset }) => [name, offset]));
    this.set((view, at) => {
      for (const [i, cookie] of cookies.entries()) view.setBigUint64(at('cookies') + (i + 1) * 8, cookie, true);
      view.setUint32(at('tgid'), process.pid, true);
    });
    for (const { name, section } of traced) this.attach(section.slice('raw_tp/'.length), this.program(name).fd);
  }

  private attach(tracepoint: string, prog_fd: number): void {
    const name = new TextEncoder().encode(`${tracepoint}\0`);
    const link = bpf('RAW_TRACEPOINT_OPEN', { name, prog_fd });
    if (link < 0) throw new InputError(`the kernel cannot be watched: no tracepoint ${tracepoint}`);
    this.attached.push(link);
  }

  /** One of its programs that are loaded. */
  program(name: string): KernelProgram {
    return this.object.programs.get(name)!;
  }

  private bss(): DataView {
    return viewOf(lookupElem(this.maps.get('.bss')!, new Uint8Array(4))!);
  }

  /** Writes global variables, between two calls. */
  private set(write: (view: DataView, at: (name: string) => number) => void): void {
    const view = this.bss();
    write(view, (name) => this.offsets.get(name)!);
    updateElem(
      this.maps.get('.bss')!,
      new Uint8Array(4),
      new Uint8Array(view.buffer, view.byteOffset, view.byteLength),
    );
  }

  /** Whether every event is kept, in its order, beside being counted. */
  record(on: boolean): void {
    this.set((view, at) => view.setUint32(at('recording'), on ? 1 : 0, true));
  }

  capture(on: boolean): void {
    this.set((view, at) => view.setUint32(at('capturing'), on ? 1 : 0, true));
  }

  /** Events of the redirects of a cpumap are those that name its id. */
  watchCpumap(id: number): void {
    const key = new Uint8Array(new Uint32Array([id]).buffer);
    updateElem(this.maps.get('cpumaps')!, key, key);
  }

  /** Events, kinds and frames that there was no room for. */
  get lost(): number {
    return this.bss().getUint32(this.offsets.get('lost')!, true);
  }

  /** Runs of the user's program, by verdict: aborted, drop, pass, tx, redirect, others. */
  verdicts(): number[] {
    const view = this.bss();
    const at = this.offsets.get('verdicts')!;
    return Array.from({ length: 6 }, (_, i) => Number(view.getBigUint64(at + i * 8, true)));
  }

  /** Everything that was counted since the beginning. */
  kinds(): WatchedKind[] {
    return dumpMap(this.maps.get('kinds')!).entries.map(({ key, value }): WatchedKind => {
      const [kind, tally] = [viewOf(key), viewOf(value)];
      const [name, ...fields] = LIVE_TRACEPOINTS[kind.getUint32(0, true)]!;
      const big = (at: number) => Number(tally.getBigUint64(at, true));
      return {
        ...{ name, code: kind.getUint32(4, true), netns: kind.getUint32(8, true) === 2 ? 'far' : 'near' },
        ...{ about: kind.getUint32(12, true), count: big(0), sums: [big(8), big(16)] },
        last: fieldsAt(tally, 24, fields),
      };
    });
  }

  /** The events kept since the last time. */
  events(): TraceEvent[] {
    return ringbufRecords(this.maps.get('events')!, 0).map(({ data }) => {
      const view = viewOf(data);
      const [name, ...fields] = LIVE_TRACEPOINTS[view.getUint32(0, true)]!;
      return { name, code: view.getUint32(4, true), fields: fieldsAt(view, 8, fields) };
    });
  }

  close(): void {
    for (const link of this.attached) closeFd(link);
    this.object.close();
  }
}

function openWatch(): ObjectSpec {
  const btf = kernelTypes();
  if (btf === null) throw new InputError('the kernel cannot be watched: it shows no BTF (CONFIG_DEBUG_INFO_BTF)');
  const opened = openObject({ path: 'live-watch.bpf.o', bytes: new Uint8Array(readFileSync(OBJECT)) }, { btf });
  if (!opened.ok) throw new InputError(`the kernel cannot be watched: ${opened.error.message}`);
  return opened.value;
}
