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

/** `.maps, offset 16`, as far as the sentence does not name it. */
function filePlace({ message, where }: Refusal): string {
  const parts: string[] = [];
  if (where.section !== undefined && !message.includes(where.section)) parts.push(where.section);
  if (where.offset !== undefined && !message.includes('offset')) parts.push(`offset ${where.offset}`);
  return parts.join(', ');
}

/** `lb.o: program xdp_lb: unknown func bpf_x#9 (lb.bpf.c:12, insn 7)`; what the sentence says already is not said again. */
export function refusalText(path: string, why: Refusal): string {
  const { program } = why.where;
  const head = [path];
  if (program !== undefined) {
    if (!why.message.includes(program)) head.push(`program ${program}`);
  } else if (why.stage === 'open') {
    const where = filePlace(why);
    if (where !== '') head.push(where);
  }
  const said = why.errno === 0 || why.stage === 'unsupported' || why.message.includes(errnoName(why.errno));
  const errno = said ? '' : `: ${errnoText(why.errno)}`;
  return plain(`${head.join(': ')}: ${why.message}${place(why.where, why.message)}${errno}`);
}
