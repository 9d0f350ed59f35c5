/** What a build that failed says: the compiler's errors as files with lines, a tool that is missing as the package that has it. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeFrame } from '../cases/modules.ts';
import { plain } from '../format/sanitize.ts';
import type { FileError } from '../outcome.ts';

export interface BuildFailure {
  readonly command: string;
  readonly code: number | string;
  /** Everything it wrote. */
  readonly output: string;
}

/** `bpf/lb.bpf.c:12:9: error: …`, as clang, gcc and make's children write it. */
const PROBLEM = /^(?:\.\/)?([^\s:][^:\n]*):(\d+):(?:(\d+):)? (?:fatal )?error: (.*)$/gm;
const ENTERING = /^make(?:\[\d+\])?: Entering directory '(.+)'$/m;
const MISSING = /(?:^|[\s:])([\w.+-]+): (?:command )?not found$|^make: ([\w.+-]+): No such file or directory$/m;
const COMMAND_NOT_FOUND = 127;

/** Packages by tool: Debian and Ubuntu, Fedora, Arch, Alpine, macOS. */
const PACKAGES: Readonly<Record<string, readonly [string, string, string, string, string]>> = {
  clang: ['clang', 'clang', 'clang', 'clang', 'llvm'],
  'llvm-strip': ['llvm', 'llvm', 'llvm', 'llvm', 'llvm'],
  make: ['make', 'make', 'make', 'make', 'make'],
  bpftool: ['bpftool', 'bpftool', 'bpf', 'bpftool', ''],
};
const MANAGERS = ['apt-get install', 'dnf install', 'pacman -S', 'apk add', 'brew install'] as const;
const SYSTEMS: readonly (readonly [RegExp, number])[] = [
  [/\b(debian|ubuntu)\b/, 0],
  [/\b(fedora|rhel|centos)\b/, 1],
  [/\barch\b/, 2],
  [/\balpine\b/, 3],
];

function systemIndex(): number {
  if (process.platform === 'darwin') return 4;
  try {
    const ids = (readFileSync('/etc/os-release', 'utf8').match(/^ID(_LIKE)?=.*$/gm) ?? []).join(' ');
    return SYSTEMS.find(([system]) => system.test(ids))?.[1] ?? 0;
  } catch {
    return 0;
  }
}

/** `clang is not installed: apt-get install clang`; versions count as their tool. */
export function missingTool(tool: string, system = systemIndex()): string {
  const versioned = /^(.+?)-(\d+)$/.exec(tool);
  const name = versioned?.[1] ?? tool;
  const known = PACKAGES[name]?.[system];
  if (!known) return `${tool} is not installed`;
  const wanted = versioned && name === 'clang' && system === 0 ? tool : known;
  return `${tool} is not installed: ${MANAGERS[system]} ${wanted}`;
}

function frameOf(file: string, line: number, column: number): { frame?: readonly string[] } {
  try {
    return { frame: codeFrame(readFileSync(file, 'utf8').replaceAll('\t', '    '), line, column) };
  } catch {
    return {};
  }
}

/** A tab before the column moves the caret by three more. */
function caretColumn(file: string, line: number, column: number): number {
  try {
    const text = readFileSync(file, 'utf8').split('\n')[line - 1] ?? '';
    return column + 3 * (text.slice(0, column - 1).split('\t').length - 1);
  } catch {
    return column;
  }
}

const OUTPUT_LINES = 12;
const ERRORS_MAX = 20;

/** At least one error, each once; `config` is whose fault it is when no source is named. */
export function buildErrors(failure: BuildFailure, root: string, config: string): FileError[] {
  const directory = ENTERING.exec(failure.output)?.[1] ?? root;
  const found = new Map<string, FileError>();
  for (const [, path, line, column, message] of failure.output.matchAll(PROBLEM)) {
    const [number, at] = [Number(line), Number(column ?? 0)];
    const file = resolve(directory, path ?? '');
    const caret = at > 0 ? caretColumn(file, number, at) : 0;
    const error = { file, line: number, message: plain(message ?? ''), build: true, ...frameOf(file, number, caret) };
    found.set(`${file}:${line}:${message}`, error);
  }
  if (found.size > 0) return [...found.values()].slice(0, ERRORS_MAX);
  const missing = MISSING.exec(failure.output);
  const tool = missing?.[1] ?? missing?.[2];
  if (tool !== undefined && (failure.code === COMMAND_NOT_FOUND || missing?.[2] !== undefined)) {
    return [{ file: config, line: 0, message: missingTool(tool), build: true }];
  }
  const lines = failure.output.trimEnd().split('\n').slice(-OUTPUT_LINES).map(plain);
  return [
    { file: config, line: 0, message: `${failure.command} ended with ${failure.code}`, build: true, frame: lines },
  ];
}
