/** A trace as text: source line by source line, each instruction with what it wrote, reached, compared, called and returned. */
import type { Trace, TraceAccess, TraceStep } from '../../engine/index.ts';
import { plain } from '../format/sanitize.ts';
import type { CallWords } from './calls.ts';
import { heldText, numberText, placeText } from './places.ts';
import { fileText } from './source.ts';
import type { TracedObjects } from './traced-objects.ts';

const TEXT_WIDTH = 44;
const INSN_WIDTH = 5;

function accessText({ write, size, place, value, address }: TraceAccess): string {
  const field = place?.region === 'context' && place.name !== '' ? `ctx->${place.name}` : null;
  const at = place === null ? `0x${address.toString(16)}` : (field ?? placeText(place));
  const bytes = `${at}, ${size} ${size === 1 ? 'byte' : 'bytes'}`;
  return write && value !== null ? `${bytes} = ${numberText(value)}` : bytes;
}

/** What an instruction did, '' for nothing worth saying. */
function didText(step: TraceStep, calls: CallWords): string {
  const { wrote, access, branch, call, returns } = step;
  if (returns !== null) return `returns ${numberText(returns)}`;
  if (call?.helper) return calls.text(call);
  if (branch !== null) {
    const [left, right] = [
      heldText(branch.left_value, branch.left_place),
      heldText(branch.right_value, branch.right_place),
    ];
    return `${left} ${branch.sign} ${right}: ${branch.taken ? 'taken' : 'not taken'}`;
  }
  const register = wrote === null ? '' : `r${wrote.register} = ${heldText(wrote.value, wrote.place)}`;
  if (access === null) return register;
  return register === '' ? accessText(access) : `${register}  (${accessText(access)})`;
}

/** Lines of the trace, safe to print; lines that begin with `;` say program, function and source line. */
export function traceLines(objects: TracedObjects, trace: Trace): string[] {
  const lines: string[] = [];
  let at = '';
  let where = '';
  for (const step of trace.steps) {
    const indent = '  '.repeat(step.depth);
    const now = `${step.program}${step.subprogram === '' ? '' : `, ${step.subprogram}`}`;
    if (now !== where) lines.push(`${indent}; ${plain(now)}`);
    const source = `${fileText(step.file)}:${step.line}`;
    if (step.line > 0 && (source !== at || now !== where)) {
      lines.push(`${indent}; ${plain(`${source}  ${step.source.trim()}`)}`);
    }
    [at, where] = [source, now];
    const insn = `${indent}${String(step.insn).padStart(INSN_WIDTH)}: ${plain(step.text)}`;
    const did = didText(step, objects.calls(step));
    lines.push(did === '' ? insn : `${insn.padEnd(TEXT_WIDTH + indent.length)}  ${plain(did)}`);
  }
  return lines;
}
