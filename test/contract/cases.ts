/** Reads the contract's cases from fixtures/prog-run: one file a group of types, one or more runs a row. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { datasecVars, type NetnsSpec, type ObjectSpec, openObject, type ProgRunOpts } from '../../engine/index.ts';
import type { MapPreset, RunRequest } from '../../src/backends/backend.ts';
import { progTypeName } from '../../src/format/prog-types.ts';
import { bytesFrom } from './bytes.ts';

const FOLDER = join(import.meta.dir, '..', '..', 'fixtures', 'prog-run');

type Fields = { readonly [name: string]: unknown };

/** What a case expects; what it does not name is not looked at, but errno, which is 0 then. */
export interface Expected {
  /** The program is not loaded: the errno, and the verifier's words. */
  readonly refused?: { readonly errno: string; readonly says: string };
  readonly errno?: string | number;
  readonly retval?: number | null;
  readonly duration_ns?: number;
  readonly data_size_out?: number | null;
  readonly data_out?: string | null;
  readonly ctx_out?: string | Fields | null;
  readonly ctx_size_out?: number | null;
  readonly ctx_in_after?: string;
  /** The caller's memory afterwards. */
  readonly memory?: string;
  /** Global variables afterwards. */
  readonly seen?: Fields;
}

interface Given {
  readonly id: string;
  readonly program: string | readonly string[];
  readonly data_in?: string;
  readonly ctx_in?: string | Fields;
  readonly memory?: { readonly [address: string]: string };
  /** Global variables beforehand. */
  readonly set?: Fields;
  readonly presets?: Fields;
  readonly netns?: NetnsSpec;
  readonly cpus?: number;
  /** Why the kernel is not asked. */
  readonly kernel?: string;
  readonly expect?: Expected;
  /** Variations: each is the case with these fields in place of its own. */
  readonly with?: readonly Partial<Given>[];
}

interface CaseFile {
  readonly object: string;
  /** CO-RE goes by the running kernel's types where there is one. */
  readonly kernel_types?: boolean;
  readonly memory?: Given['memory'];
  readonly cases: readonly Given[];
}

/** One run that the contract says something about. */
export interface ContractCase {
  readonly id: string;
  /** PROG_TYPE name. */
  readonly type: string;
  readonly name: string;
  readonly request: RunRequest;
  readonly expect: Expected;
  readonly kernel: string | null;
}

export interface ContractFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly spec: ObjectSpec;
  readonly kernel_types: boolean;
  readonly cases: readonly ContractCase[];
}

const OPTS = ['repeat', 'flags', 'cpu', 'batch_size', 'data_size_out', 'ctx_size_out', 'data_out', 'netns'] as const;

/** Every program, every variation. */
function expand(given: Given): Given[] {
  const { with: variations = [{}], ...common } = given;
  const programs = Array.isArray(given.program) ? given.program : [given.program];
  return programs.flatMap((program) =>
    variations.map((one) => ({ ...common, ...one, program, expect: merged(common.expect, one.expect) })),
  );
}

function merged(common: Expected = {}, own: Expected = {}): Expected {
  const seen = { ...common.seen, ...own.seen };
  return { ...common, ...own, ...(Object.keys(seen).length === 0 ? {} : { seen }) };
}

/** Variables by name become presets of the data sections they stand in. */
function variablePresets(spec: ObjectSpec, set: Fields): MapPreset[] {
  const sections = new Map<string, { [name: string]: unknown }>();
  for (const [name, value] of Object.entries(set)) {
    const map = sectionOf(spec, name);
    sections.set(map, { ...sections.get(map), [name]: value });
  }
  return [...sections].map(([map, content]) => ({ map, content }));
}

/** The data section that a global variable stands in. */
function sectionOf(spec: ObjectSpec, variable: string): string {
  const { btf } = spec;
  const found = spec.maps.find(
    ({ data, value_type_id }) =>
      btf !== null && data !== null && datasecVars(btf, value_type_id).some(({ name }) => name === variable),
  );
  if (found === undefined) throw new Error(`${spec.path} has no variable ${variable}`);
  return found.name;
}

function requestOf(path: string, spec: ObjectSpec, given: Given): RunRequest {
  const { data_in, ctx_in, memory, set = {}, presets = {} } = given;
  const opts: Record<string, unknown> = {};
  for (const name of OPTS) if (given[name as keyof Given] !== undefined) opts[name] = given[name as keyof Given];
  if (data_in !== undefined) opts.data_in = bytesFrom(data_in);
  if (typeof ctx_in === 'string') opts.ctx_in = bytesFrom(ctx_in);
  if (memory !== undefined) {
    opts.user_memory = Object.entries(memory).map(([at, text]) => ({ address: BigInt(at), bytes: bytesFrom(text) }));
  }
  return {
    object: path,
    program: String(given.program),
    presets: [...variablePresets(spec, set), ...Object.entries(presets).map(([map, content]) => ({ map, content }))],
    ...(typeof ctx_in === 'object' ? { ctx: ctx_in } : {}),
    opts: { ...(opts as ProgRunOpts), env: { cpus: given.cpus ?? 1 } },
  };
}

/** What a run varies, in few words. */
function nameOf(given: Given): string {
  const { id: _id, expect: _expect, kernel: _kernel, memory: _memory, program, ...rest } = given;
  const words = Object.entries(rest).map(([name, value]) => {
    return `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return [String(program), ...words].join(', ');
}

function readFile(file: string): ContractFile {
  const { object, kernel_types = false, memory, cases } = JSON.parse(readFileSync(file, 'utf8')) as CaseFile;
  const path = join(dirname(file), object);
  const bytes = new Uint8Array(readFileSync(path));
  const opened = openObject({ path, bytes });
  if (!opened.ok) throw new Error(opened.error.message);
  const spec = opened.value;
  const all = cases.flatMap(expand).map((given): ContractCase => {
    const type = spec.programs.find((one) => one.name === given.program)?.type;
    if (type === undefined) throw new Error(`${file}: ${given.id}: there is no program ${given.program}`);
    const withMemory = memory === undefined ? given : { memory, ...given };
    return {
      ...{ id: given.id, type: progTypeName(type), name: nameOf(given), expect: given.expect ?? {} },
      ...{ request: requestOf(path, spec, withMemory), kernel: given.kernel ?? null },
    };
  });
  return { path, bytes, spec, kernel_types, cases: all };
}

/** All files, in the order of their names. */
export function contractFiles(): ContractFile[] {
  const files = [...new Bun.Glob('*/cases.json').scanSync({ cwd: FOLDER })].sort();
  return files.map((file) => readFile(join(FOLDER, file)));
}
