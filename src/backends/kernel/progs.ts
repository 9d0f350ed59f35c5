/** BPF_PROG_LOAD: instructions with descriptors filled in, function and line info, and the verifier's log when it says no. */
import { ERRNO, errnoName, type ObjectSpec, PROG_TYPE, type ProgramSpec, type Refusal } from '../../../engine/index.ts';
import { type AttachPoint, attachPoint } from './attach.ts';
import { Attr, type AttrValue, bpfPatiently } from './attr.ts';
import type { KernelBtf } from './btf.ts';
import type { KernelExterns } from './externs.ts';
import type { KernelMap } from './maps.ts';
import type { ModuleTypes } from './modules.ts';
import { kernelRefusal } from './refusal.ts';
import { type LogReading, readLog } from './verifier-log.ts';

/** src_reg of a ldimm64 and of a call (include/uapi/linux/bpf.h). */
const PSEUDO = { MAP_FD: 1, MAP_VALUE: 2 } as const;
const LOG_BYTES = 1 << 24;

/** What all programs of an object share. */
export interface ProgramMakers {
  readonly spec: ObjectSpec;
  readonly maps: ReadonlyMap<string, KernelMap>;
  readonly externs: KernelExterns;
  readonly btf: KernelBtf | null;
  /** Descriptor of the loaded BTF, 0 for none. */
  readonly btf_fd: number;
  /** The verifier's log is not wanted when it refuses. */
  readonly quiet: boolean;
}

/** A program of the kernel's, open in this process. */
export interface KernelProgram {
  readonly spec: ProgramSpec;
  readonly type: number;
  readonly fd: number;
}

export interface LoadRefusal {
  readonly refusal: Refusal;
  /** The verifier's whole log, '' if it gave none. */
  readonly log: string;
}

/** Instructions as the kernel gets them, and the modules whose functions they call. */
interface Linked {
  readonly insns: Uint8Array;
  readonly modules: readonly ModuleTypes[];
}

/** The instructions with descriptors and ids in place; a sentence when something they need cannot be had. */
function linked(program: ProgramSpec, { maps, externs }: ProgramMakers): Linked | string {
  const insns = new Uint8Array(program.insns);
  const view = new DataView(insns.buffer);
  const modules: ModuleTypes[] = [];
  for (const reloc of program.relocs) {
    const { insn, kind, name, off } = reloc;
    if (kind !== 'map' && kind !== 'map_value') {
      const wrong = externs.link(view, reloc, modules);
      if (wrong !== null) return wrong;
      continue;
    }
    const at = insn * 8;
    const map = maps.get(name);
    if (map === undefined) return `there is no map ${name}`;
    const pseudo = kind === 'map' ? PSEUDO.MAP_FD : PSEUDO.MAP_VALUE;
    view.setUint8(at + 1, (view.getUint8(at + 1) & 0x0f) | (pseudo << 4));
    view.setInt32(at + 4, map.fd, true);
    view.setInt32(at + 12, kind === 'map' ? 0 : off, true);
  }
  return { insns, modules };
}

/** fd_array of BPF_PROG_LOAD: descriptors of modules from place 1 on. */
function fdArray(modules: readonly ModuleTypes[]): { [field: string]: AttrValue } {
  if (modules.length === 0) return {};
  return { fd_array: new Uint8Array(new Int32Array([0, ...modules.map(({ fd }) => fd)]).buffer) };
}

/** struct bpf_func_info and bpf_line_info of a program; empty where the object does not know enough for the kernel. */
function debugInfo(program: ProgramSpec, btf: KernelBtf): { [field: string]: AttrValue } {
  const functions = program.subprogs.toSorted((a, b) => a.start - b.start);
  if (functions.length === 0 || functions[0]!.start !== 0 || functions.some((f) => f.type_id === 0)) return {};
  const func = new Uint32Array(functions.flatMap((f) => [f.start, f.type_id]));
  const info = {
    ...{ func_info_rec_size: 8, func_info_cnt: functions.length, func_info: new Uint8Array(func.buffer) },
  };
  const starts = new Set(program.lines.map((line) => line.insn));
  if (functions.some((f) => !starts.has(f.start))) return info;
  const rows = program.lines.flatMap((line) => {
    return [line.insn, btf.addString(line.file), btf.addString(line.text), ((line.line << 10) | line.col) >>> 0];
  });
  const line_info = new Uint8Array(new Uint32Array(rows).buffer);
  return { ...info, line_info_rec_size: 16, line_info_cnt: program.lines.length, line_info };
}

/** Puts the strings that line info of these programs will name into the BTF, which must happen before it is loaded. */
export function collectStrings(programs: readonly ProgramSpec[], btf: KernelBtf): void {
  for (const program of programs) debugInfo(program, btf);
}

/** Whether what is wrong with a program is only that it needs a kernel's own functions or variables. */
function needsKernelOnly({ error }: ProgramSpec): boolean {
  return error !== null && error.stage === 'unsupported' && error.errno === ERRNO.ESRCH;
}

/**
 * Loads one program. `type` overrides the section's; then what the section says about attaching does not apply. `point`: where it
 * is made for, when that is not the section's to say.
 */
export function loadProgram(
  program: ProgramSpec,
  type: number,
  makers: ProgramMakers,
  point: AttachPoint | null = null,
): KernelProgram | LoadRefusal {
  const where = { program: program.name, section: program.section };
  const failed = (refusal: Refusal, log = ''): LoadRefusal => ({ refusal, log });
  if (program.error !== null && !needsKernelOnly(program)) return failed(program.error);
  if (type === 0) {
    const message = `section ${program.section} says no program type: choose one with --type`;
    return failed({ stage: 'load', errno: ERRNO.EINVAL, message, where });
  }
  if (type === PROG_TYPE.EXT && point === null) {
    const message = `program ${program.name} stands in for a function of another program: run that one, with this object beside it`;
    return failed({ stage: 'load', errno: ERRNO.EINVAL, message, where });
  }
  const code = linked(program, makers);
  if (typeof code === 'string') return failed({ stage: 'unsupported', errno: 0, message: code, where });
  const { insns } = code;
  const own = type === program.type;
  const values = {
    ...{ prog_type: type, insn_cnt: insns.length / 8, insns, license: zeroEnded(makers.spec.license) },
    ...{ prog_flags: program.prog_flags, prog_name: program.name },
    ...(point ?? (own ? attachPoint(program) : { expected_attach_type: 0 })),
    ...fdArray(code.modules),
    ...(makers.btf === null || makers.btf_fd <= 0
      ? {}
      : { prog_btf_fd: makers.btf_fd, ...debugInfo(program, makers.btf) }),
  };
  const fd = bpfPatiently(new Attr('PROG_LOAD', values));
  if (fd >= 0) return { spec: program, type, fd };
  const log = makers.quiet ? '' : verifierLog(values);
  return failed(refusalOf(program, -fd, readLog(log, program)), log);
}

function zeroEnded(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/** Loads once more for the log's sake. */
function verifierLog(values: Readonly<Record<string, AttrValue>>): string {
  const log = new Uint8Array(LOG_BYTES);
  bpfPatiently(new Attr('PROG_LOAD', { ...values, log_level: 1, log_size: log.length, log_buf: log }));
  return new TextDecoder('latin1').decode(log.subarray(0, Math.max(0, log.indexOf(0))));
}

function refusalOf(program: ProgramSpec, errno: number, reading: LogReading): Refusal {
  const where = {
    ...{ program: program.name, section: program.section },
    ...(reading.insn === null ? {} : { insn: reading.insn }),
    ...(reading.line === null ? {} : { file: reading.line.file, line: reading.line.line }),
  };
  if (reading.reason === '') {
    return kernelRefusal('load', errno, `program ${program.name}: the kernel refuses to load it`, where);
  }
  return { stage: 'load', errno, message: `the verifier refuses it: ${reading.reason} (${errnoName(errno)})`, where };
}
