/** Source lines of functions from .BTF.ext, decoded once a function and shared by the programs that contain it. */
import { type BtfData, btfString } from './btf.ts';
import { type BtfExt, LINE_WORDS, lowerBound } from './btf-ext.ts';
import type { Func } from './functions.ts';
import type { LineInfo } from './spec.ts';

/** Line records of all programs together; what is beyond is left out. */
const LINES_MAX = 2_000_000;

export class FunctionLines {
  private readonly btf: BtfData | null;
  private readonly ext: BtfExt | null;
  private readonly cache = new Map<Func, readonly LineInfo[]>();
  private readonly texts = new Map<number, string>();
  private total = 0;

  constructor(btf: BtfData | null, ext: BtfExt | null) {
    this.btf = btf;
    this.ext = ext;
  }

  /** Adds the lines of a function that starts at instruction `start` of a program. */
  append(func: Func, start: number, into: LineInfo[]): void {
    const lines = this.linesOf(func);
    if (this.total + lines.length > LINES_MAX) return;
    this.total += lines.length;
    for (const l of lines) into.push(start === 0 ? l : { ...l, insn: l.insn + start });
  }

  private linesOf(func: Func): readonly LineInfo[] {
    let lines = this.cache.get(func);
    if (lines === undefined) {
      lines = this.read(func);
      this.cache.set(func, lines);
    }
    return lines;
  }

  private read(func: Func): LineInfo[] {
    const words = this.ext?.lines.get(func.section.name);
    if (words === undefined) return [];
    const count = words.length / LINE_WORDS;
    const key = (i: number) => words[i * LINE_WORDS]!;
    const lines: LineInfo[] = [];
    for (let i = lowerBound(count, key, func.start); i < count && key(i) < func.start + func.size; i++) {
      const packed = words[i * LINE_WORDS + 3]!;
      const line: LineInfo = {
        insn: (key(i) - func.start) >>> 3,
        file: this.text(words[i * LINE_WORDS + 1]!),
        line: packed >>> 10,
        col: packed & 0x3ff,
        text: this.text(words[i * LINE_WORDS + 2]!).trim(),
      };
      // A later record for the same instruction says it better.
      if (lines.length > 0 && lines[lines.length - 1]!.insn === line.insn) lines.pop();
      lines.push(line);
    }
    return lines;
  }

  private text(offset: number): string {
    let text = this.texts.get(offset);
    if (text === undefined) {
      text = this.btf === null ? '' : btfString(this.btf, offset);
      this.texts.set(offset, text);
    }
    return text;
  }
}
