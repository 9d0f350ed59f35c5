/** The source line that a traced run returned from, and those around it that the object's line records have. */
import type { TraceStep } from '../../engine/index.ts';
import { plain } from '../format/sanitize.ts';
import type { TracedObjects } from './traced-objects.ts';
import type { WhyLine, WhyPlace } from './types.ts';

const BEFORE = 4;
const AFTER = 2;
/** Lines farther away are of something else. */
const FAR = 12;
const RETURN = /\breturn\b/;
const BRACE = /^\s*[{}]*;?\s*$/;

/** A path as the compiler had it, without `./` in front. */
export function fileText(file: string): string {
  return plain(file).replace(/^(\.\/)+/, '');
}

export function placeOfStep(step: TraceStep): WhyPlace {
  return {
    ...{ program: step.program, subprogram: step.subprogram, insn: step.insn },
    ...{ file: fileText(step.file), line: step.line, text: plain(step.source).trim() },
  };
}

/**
 * Index of the step that settled the end. Of a fault that is the last one. Compilers give all `return`s one exit at the closing
 * brace, so it is the last line of the program's own function, or the last `return` of the inlined functions (which stand above)
 * that were entered from there.
 */
export function returnedFrom(objects: TracedObjects, steps: readonly TraceStep[]): number {
  const last = steps.length - 1;
  const exit = steps[last];
  if (exit === undefined || exit.returns === null || exit.line === 0) return last;
  const first = objects.of(exit).programs.find((one) => one.name === exit.program)?.lines[0];
  let inlined = -1;
  for (let i = last; i >= 0; i--) {
    const { object, program, depth, file, line, source } = steps[i]!;
    if (program !== exit.program || object !== exit.object) break;
    const own = first === undefined || (file === first.file && line >= first.line);
    if (own && depth === exit.depth && !BRACE.test(source)) return RETURN.test(source) || inlined < 0 ? i : inlined;
    if (inlined < 0 && RETURN.test(source)) inlined = i;
  }
  return inlined < 0 ? last : inlined;
}

/** Lines near the one returned from, in the order of the file, their common indentation taken away. */
export function sourceAround(objects: TracedObjects, steps: readonly TraceStep[], returned: TraceStep): WhyLine[] {
  if (returned.line === 0) return [];
  const known = new Map<number, string>();
  for (const program of objects.of(returned).programs) {
    if (program.name !== returned.program) continue;
    for (const { file, line, text } of program.lines) if (file === returned.file && text !== '') known.set(line, text);
  }
  const executed = new Set(
    steps.filter((one) => one.file === returned.file && one.object === returned.object).map((one) => one.line),
  );
  const near = [...known.keys()].filter((line) => Math.abs(line - returned.line) <= FAR).sort((a, b) => a - b);
  const at = near.indexOf(returned.line);
  if (at < 0) return [];
  const shown = near.slice(Math.max(0, at - BEFORE), at + AFTER + 1);
  const texts = dedented(shown.map((line) => known.get(line)!));
  return shown.map((line, i) => {
    return { line, text: texts[i]!, executed: executed.has(line), returned: line === returned.line };
  });
}

function dedented(lines: readonly string[]): string[] {
  const texts = lines.map((line) => plain(line.replaceAll('\t', '  ')).trimEnd());
  const indent = Math.min(...texts.map((text) => text.length - text.trimStart().length));
  return texts.map((text) => text.slice(indent));
}
