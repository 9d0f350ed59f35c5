/** What the verifier says of an access of the context that is not allowed, with the field's name behind its words. */
import type { CtxStruct } from '../uapi/contexts.ts';
import { ctxField, ctxFieldAt, ctxFieldRule } from '../uapi/ctx-access.ts';

/** An instruction that accesses the context at reg + off; reg was moved away from its start by `moved`. */
export interface CtxUse {
  readonly reg: number;
  readonly off: number;
  readonly size: number;
  readonly write: boolean;
  readonly moved: number;
  readonly signed?: boolean;
  readonly atomic?: boolean;
}

/** null: the access is allowed. */
export function ctxComplaint(struct: CtxStruct, use: CtxUse): string | null {
  const { reg, off, size, write, moved } = use;
  if (use.atomic === true) {
    return `BPF_ATOMIC ${write ? 'stores into' : 'loads from'} R${reg} ctx is not allowed${fieldText(struct, use, '')}`;
  }
  if (moved !== 0)
    return `dereference of modified ctx ptr R${reg} off=${moved} disallowed${fieldText(struct, use, '')}`;
  const field = ctxField(struct, off, size, write);
  const address = field?.pointer !== undefined && use.signed === true;
  if (field !== undefined && !address) return null;
  const why = address ? 'which is an address' : undefined;
  return `invalid bpf_context access off=${off} size=${size}${fieldText(struct, use, why)}`;
}

/** `: reads ctx->tc_classid, which programs of this type cannot read`; `why` in the place of the field's rule. */
function fieldText(struct: CtxStruct, { off, moved, write }: CtxUse, why: string | undefined): string {
  const field = ctxFieldAt(struct, moved + off);
  if (field === undefined || field.name === '') return why === '' ? '' : `: struct ${struct.name} has no field there`;
  const rule = why ?? ctxFieldRule(field, write);
  return `: ${write ? 'writes' : 'reads'} ctx->${field.name}${rule === '' ? '' : `, ${rule}`}`;
}
