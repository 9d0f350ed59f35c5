/** The record every refusal is reported with, and the Result that carries it; nothing in engine/ throws one across a room. */

/** Where a refusal or fault points to: whatever of it is known. */
export interface Where {
  readonly section?: string;
  /** Byte offset in the file or section named. */
  readonly offset?: number;
  readonly program?: string;
  /** Index of the instruction (in 8-byte slots) in the linked program. */
  readonly insn?: number;
  readonly file?: string;
  readonly line?: number;
}

/** The step that said no. `unsupported` names a feature that the engine does not have. */
export type Stage = 'open' | 'load' | 'run' | 'unsupported';

/** Why something cannot be opened, loaded or run: one plain sentence, and an errno where the kernel would give one. */
export interface Refusal {
  readonly stage: Stage;
  /** Positive errno, 0 where the kernel has none for it. */
  readonly errno: number;
  readonly message: string;
  readonly where: Where;
}

/**
 * What every step answers: a value, or the record that says why not. Nothing is thrown for what a user, an object or a program
 * did.
 */
export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Refusal };

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function refuse(
  stage: Stage,
  errno: number,
  message: string,
  where: Where = {},
): { readonly ok: false; readonly error: Refusal } {
  return { ok: false, error: { stage, errno, message, where } };
}

/** A broken invariant of the engine's own: thrown, caught once by whoever drives the engine, shown as an engine bug. */
export class EngineBug extends Error {
  override readonly name = 'EngineBug';
}

export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new EngineBug(message);
}
