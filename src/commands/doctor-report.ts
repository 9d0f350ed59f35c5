/** What `bpfdeck doctor` found, as text: a sentence a backend, then a row a program type and what is missing by name. */
import type { Feature, KernelFeatures, MissingHelper, ProgTypeFeatures } from '../backends/kernel/features.ts';
import type { Style } from '../format/style.ts';

export interface EngineHealth {
  readonly usable: boolean;
  /** Version of Bun. */
  readonly bun: string;
  readonly platform: string;
  /** WebAssembly with all that the engine's code needs. */
  readonly wasm: boolean;
}

/** What is known of a kernel whether or not it can be used. */
interface KernelPlace {
  /** null where it is not Linux. */
  readonly release: string | null;
  /** Mode of kernel lockdown, '' where the kernel does not say. */
  readonly lockdown: string;
}
export type KernelHealth = KernelPlace &
  (
    | ({ readonly usable: true } & KernelFeatures)
    | { readonly usable: false; readonly reason: string; readonly advice: string }
  );

export interface Diagnosis {
  /** Of bpfdeck. */
  readonly version: string;
  readonly engine: EngineHealth;
  readonly kernel: KernelHealth;
}

function engineLine({ usable, bun, platform }: EngineHealth, style: Style): string {
  const place = `Bun ${bun} on ${platform}`;
  if (usable) return `${style.bold('engine')}  can be used: ${place}, WebAssembly with tail calls`;
  return `${style.bold('engine')}  cannot be used: the WebAssembly of ${place} has no tail calls; use a newer Bun`;
}

function kernelLine(kernel: KernelHealth, style: Style): string {
  const name = style.bold('kernel');
  const locked = kernel.lockdown === '' ? '' : `, lockdown ${kernel.lockdown}`;
  const place = kernel.release === null ? '' : `Linux ${kernel.release}${locked}`;
  if (kernel.usable) return `${name}  can be used: ${place}`;
  const advice = kernel.advice === '' ? '' : `; ${kernel.advice}`;
  return `${name}  cannot be used: ${kernel.reason}${advice}${place === '' ? '' : ` (${place})`}`;
}

const CELL = 10;
/** Helpers that a row names. */
const NAMED = 2;

/** `yes 4.12`, `no`, `?`: whether, and since which kernel. */
function cell(one: Feature, style: Style): string {
  const word = one.supported === null ? '?' : one.supported ? 'yes' : 'no';
  const text = `${word.padEnd(4)}${one.since ?? ''}`.padEnd(CELL);
  if (one.supported === true) return text;
  return one.since === null ? style.dim(text) : style.yellow(text);
}

function helperText({ name, since, note }: MissingHelper): string {
  const words = [since === null ? '' : `since ${since}`, note].filter(Boolean).join(', ');
  return words === '' ? name : `${name} (${words})`;
}

/** Helpers that newer kernels let a type call and this one only others; what no type has stands below, once. */
function typesOwnLack({ missing_helpers }: ProgTypeFeatures, elsewhere: ReadonlySet<string>): string {
  const missing = missing_helpers.filter(({ name }) => elsewhere.has(name));
  if (missing.length === 0) return '';
  if (missing.length <= NAMED) return `not ${missing.map(({ name }) => name).join(', ')}, as on newer kernels`;
  return `${missing.length} fewer than on newer kernels`;
}

function helperLines({ prog_types }: KernelFeatures, elsewhere: ReadonlySet<string>, style: Style): string[] {
  const nowhere = new Map<string, MissingHelper>();
  for (const { missing_helpers } of prog_types) {
    for (const one of missing_helpers) if (!elsewhere.has(one.name)) nowhere.set(one.name, one);
  }
  const head = style.bold('Helpers');
  if (nowhere.size === 0) return [`${head}  ${elsewhere.size}; none is missing from all types`];
  return [
    `${head}  ${elsewhere.size}; missing from all types:`,
    ...[...nowhere.values()].map((one) => `  ${helperText(one)}`),
  ];
}

function progRow(one: ProgTypeFeatures, width: number, elsewhere: ReadonlySet<string>, style: Style): string {
  const { type, load, run, helpers } = one;
  const count = load.supported === true && helpers.length > 0 ? String(helpers.length) : '';
  const notes = [load.note, run.note, typesOwnLack(one, elsewhere)].filter(Boolean).join('; ');
  const cells = `${cell(load, style)}${cell(run, style)}${count.padEnd(9)}`;
  return `  ${type.toLowerCase().padEnd(width)}${cells}${notes}`.trimEnd();
}

function mapLines({ map_types }: KernelFeatures, style: Style): string[] {
  const there = map_types.filter(({ create }) => create.supported === true);
  const rest = map_types.filter(({ create }) => create.supported !== true);
  return [
    `${style.bold('Map types')}  ${there.length} of ${map_types.length} can be created`,
    ...rest.map(({ type, create }) => {
      const since = create.since === null ? '' : ` (since ${create.since})`;
      return `  ${create.supported === null ? '?' : 'no'} ${type.toLowerCase()}${since}: ${create.note}`;
    }),
  ];
}

function liveLine({ live_frames }: KernelFeatures, style: Style): string {
  const words = live_frames.supported === null ? 'not known' : live_frames.supported ? 'yes' : 'no';
  const note = live_frames.note === '' ? '' : `: ${live_frames.note}`;
  return `${style.bold('Live frames')}  ${words} (since ${live_frames.since})${note}`;
}

function forbiddenLines({ forbidden }: KernelFeatures, style: Style): string[] {
  if (forbidden === null) return [];
  return [`${style.bold('Not permitted')}  ${forbidden.reason}; ${forbidden.advice}`];
}

/** Backends first, then the kernel's features where it can be asked. */
export function doctorReport({ version, engine, kernel }: Diagnosis, style: Style): string {
  const lines = [`bpfdeck ${version}`, engineLine(engine, style), kernelLine(kernel, style)];
  if (kernel.usable) {
    const width = Math.max(...kernel.prog_types.map(({ type }) => type.length)) + 2;
    const elsewhere = new Set(kernel.prog_types.flatMap(({ helpers }) => helpers));
    const head = `  ${''.padEnd(width)}${'loads'.padEnd(CELL)}${'runs'.padEnd(CELL)}helpers`;
    lines.push(
      '',
      `${style.bold('Program types')}, each with the first kernel that has it (?: could not be tried)`,
      head,
    );
    lines.push(...kernel.prog_types.map((one) => progRow(one, width, elsewhere, style)), '');
    lines.push(...helperLines(kernel, elsewhere, style));
    lines.push(...mapLines(kernel, style), liveLine(kernel, style), ...forbiddenLines(kernel, style));
  }
  return `${lines.join('\n')}\n`;
}
