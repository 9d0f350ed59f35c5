/** Programs instruction by instruction, with the source lines they come from, for people and as plain data. */
import { datasecVars, disassemble, type ObjectSpec, type ProgramSpec } from '../../engine/index.ts';
import { plain } from '../format/sanitize.ts';
import type { Style } from '../format/style.ts';

export interface DisasmLine {
  readonly insn: number;
  readonly text: string;
  /** Subprogram that starts here, null inside of one. */
  readonly subprogram: string | null;
  /** Source line that starts here, null inside of one or where it is not known. */
  readonly source: { readonly file: string; readonly line: number; readonly text: string } | null;
}

const OP_CALL = 0x85;
const OP_LDIMM64 = 0x18;
const PSEUDO_CALL = 1;
const PSEUDO_FUNC = 4;

/** `&hits`, `&table+4`, or the section and the offset where no variable is known there. */
function variableAt(spec: ObjectSpec, section: string, off: number): string {
  const map = spec.maps.find((m) => m.name === section);
  const vars = spec.btf === null || !map || map.value_type_id === 0 ? [] : datasecVars(spec.btf, map.value_type_id);
  const found = vars.find((one) => off >= one.offset && off < one.offset + one.size);
  if (!found) return `${section}+${off}`;
  return `&${found.name}${off === found.offset ? '' : `+${off - found.offset}`}`;
}

function relocText(spec: ObjectSpec, { kind, name, off }: ProgramSpec['relocs'][number]): string {
  if (kind === 'map') return `map[${name}]`;
  return kind === 'map_value' ? variableAt(spec, name, off) : name;
}

/** What instructions refer to: maps and variables, and the subprograms that they call or take the address of. */
function symbolsOf(spec: ObjectSpec, program: ProgramSpec): ReadonlyMap<number, string> {
  const names = new Map(program.relocs.map((reloc) => [reloc.insn, relocText(spec, reloc)] as const));
  const starts = new Map(program.subprogs.map(({ start, name }) => [start, name] as const));
  const view = new DataView(program.insns.buffer, program.insns.byteOffset, program.insns.byteLength);
  for (let insn = 0; insn * 8 < program.insns.length; insn++) {
    const op = view.getUint8(insn * 8);
    const pseudo = view.getUint8(insn * 8 + 1) >> 4;
    const local = (op === OP_CALL && pseudo === PSEUDO_CALL) || (op === OP_LDIMM64 && pseudo === PSEUDO_FUNC);
    const name = local ? starts.get(insn + 1 + view.getInt32(insn * 8 + 4, true)) : undefined;
    if (name !== undefined) names.set(insn, name);
  }
  return names;
}

export function disasmProgram(spec: ObjectSpec, program: ProgramSpec): DisasmLine[] {
  const symbols = symbolsOf(spec, program);
  const starts = new Map(program.subprogs.map(({ start, name }) => [start, name] as const));
  const sources = new Map(program.lines.map(({ insn, file, line, text }) => [insn, { file, line, text }] as const));
  return disassemble(program.insns, (insn) => symbols.get(insn)).map(({ insn, text }) => {
    return { insn, text, subprogram: starts.get(insn) ?? null, source: sources.get(insn) ?? null };
  });
}

/** A source line is said once, not again for each place in it. */
function programLines(spec: ObjectSpec, program: ProgramSpec, style: Style): string[] {
  const lines: string[] = [];
  let said = '';
  for (const { insn, text, subprogram, source } of disasmProgram(spec, program)) {
    if (subprogram !== null) lines.push('', `${style.bold(plain(subprogram))}:`);
    const shown = source === null ? said : `; ${plain(source.text).trim()}  ${plain(source.file)}:${source.line}`;
    if (shown !== '' && (shown !== said || subprogram !== null)) lines.push(style.dim(shown));
    said = shown;
    lines.push(`${String(insn).padStart(6)}  ${plain(text)}`);
  }
  return lines;
}

/** All programs of the object, ending with a newline. */
export function disasmReport(spec: ObjectSpec, style: Style): string {
  const parts = spec.programs.map((program) => {
    const head = `${style.bold(plain(program.name))}  ${style.dim(`${plain(program.section)}, ${program.insns.length / 8} insns`)}`;
    return [head, ...programLines(spec, program, style)].join('\n');
  });
  return `${parts.join('\n\n')}\n`;
}
