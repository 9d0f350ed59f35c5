/** Which accesses the verifier may refuse because of the context: those that the program's verification looks at again, path by path. */
import { ctxField } from '../uapi/ctx-access.ts';
import type { Access, AccessRules } from './access.ts';
import type { Value } from './values.ts';

/** A load or store at pointer + off. */
export interface Use {
  readonly off: number;
  readonly size: number;
  readonly write: boolean;
  /** Not the plain load or store that the verifier knows for the context. */
  readonly odd: boolean;
}

/** Callbacks find the context behind pointers whose kind is not known here, so that with them those count too. */
export function isSuspect(pointer: Value, access: Access, use: Use, rules: AccessRules, callbacks: boolean): boolean {
  if (pointer.kind === 'ctx') return use.odd || pointer.off !== 0 || access.how !== 'ctx';
  if (!callbacks || access.how !== 'find' || rules.ctx === null) return false;
  return ctxField(rules.ctx, use.off, use.size, use.write) === undefined;
}
