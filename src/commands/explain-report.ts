/** The contract of a program type as facts for scripts, and as text for people. */
import { type CtxField, type CtxStruct, ctxStructOf, type RunContract, userCtxOf } from '../../engine/index.ts';
import { testFlagNames } from '../args.ts';
import { progTypeName } from '../format/prog-types.ts';
import type { Style } from '../format/style.ts';

/** One field of a context: for user space whether it may be given, for programs what they may do with it. */
interface FieldFacts {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly count: number;
  readonly given: boolean;
  readonly program: string;
}

export interface TypeFacts {
  readonly type: string;
  readonly runs: true;
  readonly data_in: RunContract['data'];
  readonly data_out: string | null;
  readonly ctx_in: {
    readonly struct: string;
    readonly size: number;
    readonly required: boolean;
    readonly note: string;
  };
  readonly ctx_out: boolean;
  readonly flags: readonly string[];
  readonly cpu: string;
  readonly repeat: string;
  readonly batch_size: string;
  readonly retval: string;
  readonly errors: readonly { readonly errno: string; readonly when: string }[];
  readonly fields: readonly FieldFacts[];
  /** What programs see where that is another struct. */
  readonly program_struct: string;
  readonly program_fields: readonly FieldFacts[];
}

/** Devmap programs alone read egress_ifindex; the contract is that of the plain type. */
function rights(field: CtxField): string {
  if (!field.read) return 'hidden';
  const pointer = field.pointer === undefined ? '' : `, a pointer to the ${POINTERS[field.pointer]}`;
  const write = {
    no: 'reads',
    'as-is': 'reads and writes',
    u16: 'reads and writes 16 bits',
    queue: 'reads and writes 16 bits',
  };
  return `${write[field.write]}${pointer}`;
}

const POINTERS: Readonly<Record<NonNullable<CtxField['pointer']>, string>> = {
  ...{ packet: 'packet', packet_end: "packet's end", packet_meta: 'metadata', sock: 'socket' },
  ...{ flow_keys: 'flow keys', kernel: "kernel's struct" },
};

function fieldsOf(struct: CtxStruct, contract: RunContract): FieldFacts[] {
  const named = struct.fields.filter((field) => field.name !== '');
  return named.map((field) => ({
    ...{ name: field.name, offset: field.offset, size: field.size, count: field.count ?? 1 },
    given: contract.settable === null || contract.settable.includes(field.name),
    program: rights(field),
  }));
}

export function typeFacts(type: number, contract: RunContract): TypeFacts {
  const struct = userCtxOf(type)!;
  const seen = ctxStructOf(type)!;
  const { required, note, most } = contract.ctx;
  return {
    ...{ type: progTypeName(type), runs: true, data_in: contract.data, data_out: contract.data_out },
    ctx_in: { struct: struct.name, size: struct.open === true ? most : struct.size, required, note },
    ...{ ctx_out: contract.ctx_out, flags: testFlagNames(contract.flags), cpu: contract.cpu },
    ...{ repeat: contract.repeat, batch_size: contract.batch_size, retval: contract.retval },
    errors: contract.errors.map(([errno, when]) => ({ errno, when })),
    fields: fieldsOf(struct, contract),
    program_struct: seen.name,
    program_fields: seen === struct ? [] : fieldsOf(seen, contract),
  };
}

const LABEL = 12;

function row(label: string, text: string): string {
  return `  ${label.padEnd(LABEL)}${text}`;
}

function dataText({ data_in }: TypeFacts): string {
  if (data_in === null) return 'none may be given';
  const note = data_in.note === '' ? '' : ` (${data_in.note})`;
  return `${data_in.least} to ${data_in.most} bytes${note}`;
}

function ctxText({ ctx_in }: TypeFacts): string {
  const need = ctx_in.required ? 'needed' : 'may be left out';
  return `${ctx_in.struct}, ${ctx_in.size} bytes, ${need}; ${ctx_in.note}`;
}

function fieldRows(fields: readonly FieldFacts[], style: Style, users: boolean): string[] {
  const spelled = (one: FieldFacts): string => (one.count > 1 ? `${one.name}[${one.count}]` : one.name);
  const width = Math.max(0, ...fields.map((one) => spelled(one).length)) + 2;
  return fields.map((one) => {
    const given = users ? (one.given ? 'given  ' : style.dim('must be 0  ')).padEnd(11) : '';
    return `  ${String(one.offset).padStart(4)}  ${spelled(one).padEnd(width)}${given.padEnd(users ? 11 : 0)}${one.program}`;
  });
}

/** Facts first, then the fields of the context. */
export function explainReport(facts: TypeFacts, style: Style): string {
  const own = facts.program_fields.length > 0;
  const lines = [
    style.bold(`${facts.type} under BPF_PROG_RUN`),
    row('data_in', dataText(facts)),
    row('data_out', facts.data_out ?? 'nothing comes out'),
    row('ctx_in', ctxText(facts)),
    row('ctx_out', facts.ctx_out ? `${facts.ctx_in.struct} comes out` : 'none may be asked for, or it is left alone'),
    row('flags', facts.flags.length === 0 ? 'none' : facts.flags.join(', ')),
    row('cpu', facts.cpu),
    row('repeat', facts.repeat === 'any' ? 'any number, 0 is 1; over the same packet and context' : facts.repeat),
    row('batch_size', facts.batch_size),
    row('retval', facts.retval),
    style.bold('errors'),
    ...facts.errors.map(({ errno, when }) => row(errno, when)),
    style.bold(
      `${facts.ctx_in.struct}: offset, field, what user space may give${own ? '' : ', what programs may do (else: EACCES at load)'}`,
    ),
    ...fieldRows(own ? facts.fields.map((one) => ({ ...one, program: '' })) : facts.fields, style, true),
  ];
  if (own) {
    lines.push(style.bold(`${facts.program_struct}: offset, field, what programs may do (else: EACCES at load)`));
    const shown = facts.program_fields.filter((one) => one.program !== 'hidden');
    lines.push(...fieldRows(shown, style, false));
  }
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}
