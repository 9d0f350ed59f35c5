/** Reads a verifier log from its end: what the verifier objected to, at which instruction and source line. */
import type { LineInfo, ProgramSpec } from '../../../engine/index.ts';

export interface LogReading {
  /** The last line that says something, '' for an empty log. */
  readonly reason: string;
  readonly insn: number | null;
  readonly line: LineInfo | null;
}

/** Lines that come after the objection. */
const TRAILER =
  /^(processed \d+ insns|verification time|stack depth|max_states|arg#\d+ reference type|-- END|func#\d+ @\d+$)/;
/** `12: (79) r1 = *(u64 *)(r1 +0)` */
const INSN = /^(\d+): \([0-9a-f]{2}\)/;
/** Lines of state, source and branches, which explain but do not object. */
const STATE =
  /^(;|\d+: |R\d|from \d|frame\d|mark_precise|parent |last_idx|caller|callee|returning from|(cur|old) state:)/;
/** What an objection says of its own place. */
const AT_INSN = / at insn (\d+)/;

/** Takes the log apart. */
export function readLog(log: string, program: ProgramSpec): LogReading {
  const lines = log.split('\n').map((line) => line.trim());
  const said = lines.findLastIndex((line) => line !== '' && !TRAILER.test(line));
  if (said < 0) return { reason: '', insn: null, line: null };
  const objection = lines.slice(0, said + 1).findLastIndex((line) => {
    return (
      line !== '' &&
      !TRAILER.test(line) &&
      (!STATE.test(line) || /^R\d+ (!|invalid|type|is|unbounded|has|bit|off|min|max|offset|pointer)/.test(line))
    );
  });
  const at = objection < 0 ? said : objection;
  const before = lines.slice(0, at + 1).findLast((line) => INSN.test(line)) ?? '';
  const number = (AT_INSN.exec(lines[at] ?? '') ?? INSN.exec(before))?.[1];
  const insn = number === undefined ? null : Number(number);
  const line = insn === null ? null : (program.lines.findLast((l) => l.insn <= insn) ?? null);
  return { reason: lines[at] ?? '', insn, line };
}

/** The end of a log for people: source lines, instructions and states that lead to the objection, without the counts behind it. */
export function lastLines(log: string, most: number): string[] {
  const lines = log.split('\n').map((line) => line.trimEnd());
  const kept = lines.filter((line) => line !== '' && !TRAILER.test(line));
  return kept.slice(-most);
}
