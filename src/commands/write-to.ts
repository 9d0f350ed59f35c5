/** Bytes to where an option of the command line says: a file, or standard output. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileError } from '../input-error.ts';
import type { CommandIo } from './command.ts';

/** To a file, or `-` for standard output. Throws InputError naming the file. */
export function writeTo(target: string, bytes: Uint8Array, io: CommandIo): void {
  if (target === '-') {
    io.out(bytes);
    return;
  }
  try {
    writeFileSync(resolve(io.cwd, target), bytes);
  } catch (error) {
    throw fileError('write', target, error);
  }
}
