/** A refusal as one sentence for people: the object, the place as far as it is known, why. */
import { errnoName, type Refusal, type Where } from '../../engine/index.ts';
import { errnoText } from '../format/errnos.ts';
import { plain } from '../format/sanitize.ts';

/** The place in the source and in the program, as far as the sentence does not name it. */
function place(where: Where, message: string): string {
  if (where.file !== undefined && message.includes(where.file)) return '';
  if (message.includes('instruction ')) return '';
  const parts: string[] = [];
  if (where.file !== undefined) parts.push(where.line === undefined ? where.file : `${where.file}:${where.line}`);
  if (where.insn !== undefined) parts.push(`insn ${where.insn}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

/** `lb.o: program xdp_lb: unknown func bpf_x#9 (lb.bpf.c:12, insn 7)`; what the sentence says already is not said again. */
export function refusalText(path: string, why: Refusal): string {
  const { program, section } = why.where;
  const head = [path];
  if (program !== undefined) {
    if (!why.message.includes(program)) head.push(`program ${program}`);
  } else if (section !== undefined && !why.message.includes('program ') && !why.message.includes(section)) {
    head.push(`section ${section}`);
  }
  const said = why.errno === 0 || why.stage === 'unsupported' || why.message.includes(errnoName(why.errno));
  const errno = said ? '' : `: ${errnoText(why.errno)}`;
  return plain(`${head.join(': ')}: ${why.message}${place(why.where, why.message)}${errno}`);
}
