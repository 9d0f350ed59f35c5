/** A mistake in what the user gave us (an option, a file, a case): one sentence for people and the exit code that belongs to it. */

export const EXIT = {
  OK: 0,
  FAILED: 1,
  USAGE: 2,
  NO_CASES: 3,
  NOT_LOADED: 4,
  INTERNAL: 70,
  INTERRUPTED: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export class InputError extends Error {
  override readonly name = 'InputError';
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.USAGE) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The sentence for a failed file operation: `cannot read x.o: no such file`. */
export function fileError(action: string, path: string, error: unknown): InputError {
  const code = (error as { code?: string } | null)?.code ?? '';
  const words: Record<string, string> = {
    ENOENT: 'no such file',
    EISDIR: 'it is a directory',
    EACCES: 'permission denied',
    EPERM: 'not permitted',
    ENOTDIR: 'a part of the path is not a directory',
    ENOSPC: 'no space left on the device',
    ELOOP: 'too many symbolic links',
    ENAMETOOLONG: 'the name is too long',
  };
  const why = words[code] ?? (code || (error instanceof Error ? error.message : String(error)));
  return new InputError(`cannot ${action} ${path}: ${why}`);
}
