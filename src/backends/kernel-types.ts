/** The running kernel's own types. */
import { readFileSync } from 'node:fs';

const VMLINUX = '/sys/kernel/btf/vmlinux';

let types: Uint8Array | null = null;

/** BTF of the running kernel, read once; null where the kernel does not show it. */
export function kernelTypes(): Uint8Array | null {
  try {
    types ??= new Uint8Array(readFileSync(VMLINUX));
  } catch {
    return null;
  }
  return types;
}
