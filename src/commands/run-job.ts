/** What `run` was asked for, settled: files read, bytes parsed, numbers within their bounds, the program found. */
import type { NetnsSpec, ObjectFile, ObjectSpec, ProgRunOpts, ProgramSpec, UserMemory } from '../../engine/index.ts';
import { netnsProblem, PROG_TYPE } from '../../engine/index.ts';
import { bigArg, countArg, flagArg, listArg, parseInteger, parseTestFlags, textArg, U32_MAX } from '../args.ts';
import { bytesArg, fileArg, packetArg, textSource } from '../args-input.ts';
import { parseJson, parseJsonObject } from '../args-json.ts';
import type { MapPreset, RunRequest } from '../backends/backend.ts';
import { progTypeName, progTypeNumber } from '../format/prog-types.ts';
import { plain } from '../format/sanitize.ts';
import { EXIT, InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import type { Args, CommandIo } from './command.ts';

/** Everything read from the command line before the object is opened. */
export interface RunInput {
  /** As the user wrote it. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly btf: Uint8Array | undefined;
  /** Further objects in the same world. */
  readonly with: readonly ObjectFile[];
  /** PROG_TYPE forced, null: the section's. */
  readonly type: number | null;
  readonly data_in: Uint8Array | null;
  readonly ctx_in: Uint8Array | null;
  readonly ctx: { readonly [field: string]: unknown } | null;
  readonly presets: readonly MapPreset[];
  readonly opts: Omit<ProgRunOpts, 'cancel'>;
  readonly lenient: boolean;
  readonly json: boolean;
  /** Where bytes go after the run, null: nowhere. */
  readonly data_out: string | null;
  readonly ctx_out: string | null;
  /** Where its instructions go, null: nowhere. */
  readonly trace: string | null;
  /** The report says why. */
  readonly why: boolean;
}

const CPUS_MAX = 1024;

/** Standard input can be read once. */
export function onceOnly(io: CommandIo): Pick<CommandIo, 'cwd' | 'stdin'> {
  let taken = false;
  return {
    cwd: io.cwd,
    stdin: () => {
      if (taken) throw new InputError('standard input (-) can be read for one option only');
      taken = true;
      return io.stdin();
    },
  };
}

export type Source = ReturnType<typeof onceOnly>;

export async function readPresets(args: Args, source: Source): Promise<MapPreset[]> {
  const presets: MapPreset[] = [];
  for (const text of listArg(args, 'map')) {
    const at = text.indexOf('=');
    if (at <= 0) throw new InputError(`--map ${JSON.stringify(text)}: write NAME=json:… or NAME=FILE`);
    const map = text.slice(0, at);
    const content = await textSource(text.slice(at + 1), source);
    presets.push({ map, content: parseJson(content, `--map ${map}`) });
  }
  return presets;
}

/** Text for the hex form: a packet as such, the context as such or by fields. */
async function readContext(args: Args, source: Source): Promise<Pick<RunInput, 'ctx' | 'ctx_in'>> {
  const text = textArg(args, 'ctx-in');
  if (text === undefined) return { ctx: null, ctx_in: null };
  if (text.startsWith('json:')) return { ctx: parseJsonObject(text.slice(5), '--ctx-in'), ctx_in: null };
  return { ctx: null, ctx_in: await bytesArg(text, '--ctx-in', source) };
}

/** Checked here, so that a mistake is one of the command line. */
export async function readNetns(args: Args, source: Source): Promise<{ netns?: NetnsSpec }> {
  const text = textArg(args, 'netns');
  if (text === undefined) return {};
  const netns = parseJsonObject(await textSource(text, source), '--netns') as NetnsSpec;
  const problem = netnsProblem(netns);
  if (problem !== null) throw new InputError(`--netns: ${problem}`);
  return { netns };
}

async function readMemory(args: Args, source: Source): Promise<{ user_memory?: readonly UserMemory[] }> {
  const given = listArg(args, 'memory');
  if (given.length === 0) return {};
  const user_memory: UserMemory[] = [];
  for (const text of given) {
    const at = text.indexOf('=');
    const address = at <= 0 ? null : parseInteger(text.slice(0, at));
    if (address === null) throw new InputError(`--memory ${JSON.stringify(text)}: write ADDRESS=hex:… or ADDRESS=FILE`);
    user_memory.push({ address, bytes: await bytesArg(text.slice(at + 1), '--memory', source) });
  }
  return { user_memory };
}

function readOpts(args: Args): Omit<ProgRunOpts, 'cancel'> {
  const flags = textArg(args, 'flags');
  const given = {
    data_size_out: countArg(args, 'data-size-out', 0, U32_MAX),
    ctx_size_out: countArg(args, 'ctx-size-out', 0, U32_MAX),
    repeat: countArg(args, 'repeat', 0, U32_MAX),
    flags: flags === undefined ? undefined : parseTestFlags(flags, '--flags'),
    cpu: countArg(args, 'cpu', 0, U32_MAX),
    batch_size: countArg(args, 'batch-size', 0, U32_MAX),
    budget: countArg(args, 'budget', 1, Number.MAX_SAFE_INTEGER),
  };
  const env = {
    time_ns: bigArg(args, 'time'),
    seed: countArg(args, 'seed', 0, U32_MAX),
    cpus: countArg(args, 'cpus', 1, CPUS_MAX),
  };
  return { ...defined(given), env: defined(env) };
}

/** Without the fields that are undefined. */
function defined<T extends object>(record: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Reads everything that the options name. Throws InputError for the first thing that is wrong. */
export async function readRunInput(args: Args, io: CommandIo): Promise<RunInput> {
  const path = String(args.object);
  const type = textArg(args, 'type');
  const data = textArg(args, 'data-in');
  const btf = textArg(args, 'btf');
  const source = onceOnly(io);
  const input: RunInput = {
    path,
    bytes: fileArg(path, io),
    btf: btf === undefined ? undefined : fileArg(btf, io),
    with: listArg(args, 'with').map((further) => ({ path: further, bytes: fileArg(further, io) })),
    type: type === undefined ? null : progTypeNumber(type),
    opts: { ...readOpts(args), ...(await readNetns(args, source)), ...(await readMemory(args, source)) },
    data_in: data === undefined ? null : await packetArg(data, '--data-in', source),
    ...(await readContext(args, source)),
    presets: await readPresets(args, source),
    lenient: flagArg(args, 'lenient'),
    json: flagArg(args, 'json'),
    data_out: textArg(args, 'data-out') ?? null,
    ctx_out: textArg(args, 'ctx-out') ?? null,
    trace: textArg(args, 'trace') ?? null,
    why: flagArg(args, 'why'),
  };
  const toStdout = [input.data_out, input.ctx_out, input.trace].filter((target) => target === '-').length;
  if (toStdout + (input.json ? 1 : 0) > 1) {
    throw new InputError('only one of --data-out -, --ctx-out -, --trace - and --json can have standard output');
  }
  return input;
}

function listed(programs: readonly ProgramSpec[]): string {
  return programs.map((p) => `${plain(p.name)} (${plain(p.section)})`).join(', ');
}

/**
 * The program of that name, or in the section of that name; without a name the object's only one that could run.
 * Throws InputError: a program that is not there is one that cannot be loaded.
 */
export function chooseProgram(spec: ObjectSpec, name: string | null, forcedType: number | null): ProgramSpec {
  const { programs } = spec;
  if (programs.length === 0) throw new InputError('the object has no programs', EXIT.NOT_LOADED);
  if (name === null) {
    const runnable = programs.filter((p) => p.error === null && (forcedType !== null || p.type !== PROG_TYPE.UNSPEC));
    const [only, second] = programs.length === 1 ? programs : runnable;
    if (only && !second) return only;
    throw new InputError(`say which program to run: ${listed(programs)}`);
  }
  const named = programs.find((p) => p.name === name);
  if (named) return named;
  const [only, second] = programs.filter((p) => p.section === name);
  if (only && !second) return only;
  const names = programs.map((p) => p.name);
  const hint = didYouMean(name, names) || `: it has ${listed(programs)}`;
  throw new InputError(`the object has no program ${name}${hint}`, EXIT.NOT_LOADED);
}

/** Types whose BPF_PROG_RUN refuses ctx_out: the context comes back in ctx_in, or not at all. */
const NO_CTX_OUT: ReadonlySet<number> = new Set<number>([
  PROG_TYPE.SYSCALL,
  PROG_TYPE.RAW_TRACEPOINT,
  PROG_TYPE.STRUCT_OPS,
  PROG_TYPE.NETFILTER,
]);
/** Room for any context struct: what is given back says its true size. */
const CTX_ROOM = 4096;

/**
 * The request for the backend. data_out is asked for where a packet goes in; ctx_out where a context goes in, since for
 * XDP the kernel takes a ctx_out alone for a context of zeros, with data_end 0.
 */
export function runRequest(input: RunInput, program: ProgramSpec): RunRequest {
  const hasContext = input.ctx_in !== null || input.ctx !== null;
  const type = input.type ?? program.type;
  const wantsCtx = (hasContext && !NO_CTX_OUT.has(type)) || (input.ctx_out !== null && type !== PROG_TYPE.SYSCALL);
  return {
    object: input.path,
    program: program.name,
    ...(input.with.length === 0 ? {} : { with: input.with.map((further) => further.path) }),
    ...(input.type === null ? {} : { type: progTypeName(input.type) }),
    presets: input.presets,
    ...(input.ctx === null ? {} : { ctx: input.ctx }),
    opts: {
      ...(wantsCtx ? { ctx_size_out: CTX_ROOM } : {}),
      ...input.opts,
      ...(input.data_in === null ? {} : { data_in: input.data_in }),
      ...(input.ctx_in === null ? {} : { ctx_in: input.ctx_in }),
      data_out: input.data_in !== null || input.data_out !== null,
    },
    ...(input.lenient ? { lenient: true } : {}),
  };
}
