/** The types of the running kernel, and of its modules. */
import { readFileSync } from 'node:fs';

const FOLDER = '/sys/kernel/btf';

let types: Uint8Array | null = null;

/** Raw BTF under a name: `vmlinux`, or a module's, which counts on from the kernel's; null where the kernel does not show it. */
export function typesOf(name: string): Uint8Array | null {
  try {
    return new Uint8Array(readFileSync(`${FOLDER}/${name}`));
  } catch {
    return null;
  }
}

/** BTF of the running kernel, read once; null where the kernel does not show it. */
export function kernelTypes(): Uint8Array | null {
  types ??= typesOf('vmlinux');
  return types;
}
