/** Programs that say in their BTF what they return (`comment:test_retval=N`, as the kernel's own tests do): cases by themselves. */
import { relative } from 'node:path';
import { openObject, PROG_TYPE, type ProgramSpec } from '../../engine/index.ts';
import type { Project } from '../config.ts';
import type { SettledCase } from '../test-case.ts';

/** `comment:test_retval=0`, or with a counter that keeps tags apart. */
const TAG = /^comment:(?:\d+:)?test_retval=(.*)$/;
const MARK = new TextEncoder().encode('test_retval=');
const DATA_BYTES = 64;

/** Types whose runs take a packet. */
const WITH_DATA: ReadonlySet<number> = new Set([
  ...[PROG_TYPE.SOCKET_FILTER, PROG_TYPE.SCHED_CLS, PROG_TYPE.SCHED_ACT, PROG_TYPE.XDP, PROG_TYPE.CGROUP_SKB],
  ...[PROG_TYPE.LWT_IN, PROG_TYPE.LWT_OUT, PROG_TYPE.LWT_XMIT, PROG_TYPE.LWT_SEG6LOCAL, PROG_TYPE.NETFILTER],
  PROG_TYPE.FLOW_DISSECTOR,
]);

/** A C integer: decimal, 0x…, negative; null for what a compiler would have to compute. */
function integerOf(text: string): number | null {
  if (!/^-?(0x[\da-f]+|\d+)[ul]*$/i.test(text)) return null;
  const digits = text.replace(/[ul]+$/i, '');
  const value = digits.startsWith('-') ? -Number(digits.slice(1)) : Number(digits);
  return value >= -0x8000_0000 && value <= 0xffff_ffff ? value >>> 0 : null;
}

/** Whether the bytes hold the tag's word anywhere: most objects do not, and need not be opened. */
function mentions(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(MARK);
}

function caseOf(program: ProgramSpec, text: string, path: string, { root, defaults }: Project): SettledCase {
  const retval = integerOf(text);
  const presets = Object.entries(defaults.maps ?? {}).map(([map, content]) => ({ map, content }));
  return {
    id: [relative(root, path), program.name, `test_retval=${text}`].join(' › '),
    ...{ name: `test_retval=${text}`, file: path, line: 0, object: path, program: program.name, type: null },
    data_in: WITH_DATA.has(program.type) ? new Uint8Array(DATA_BYTES) : null,
    ...{ ctx_in: null, presets, env: defaults.env ?? {}, repeat: 1, flags: 0, budget: defaults.budget ?? null },
    ...(retval === null
      ? { mode: 'skip', skip_reason: `test_retval=${text} is no number`, expect: {} }
      : { mode: 'run', skip_reason: '', expect: { retval } }),
  };
}

/** The cases that an object brings along; none when it cannot be opened, which is told elsewhere. */
export function taggedCases(path: string, bytes: Uint8Array, project: Project): SettledCase[] {
  if (!mentions(bytes)) return [];
  const opened = openObject({ path, bytes });
  if (!opened.ok) return [];
  return opened.value.programs.flatMap((program) =>
    program.tags.flatMap((tag) => {
      const text = TAG.exec(tag)?.[1];
      return text === undefined ? [] : [caseOf(program, text.trim(), path, project)];
    }),
  );
}
