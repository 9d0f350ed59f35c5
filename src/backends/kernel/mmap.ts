/** Pages shared with the kernel (ring buffers, perf rings) as bytes. */

import { type Pointer, toArrayBuffer } from 'bun:ffi';
import { readFileSync } from 'node:fs';
import { syscall } from './syscall.ts';

const PROT = { READ: 1, WRITE: 2 } as const;
const MAP_SHARED = 1;
/** AT_PAGESZ of the auxiliary vector. */
const AT_PAGESZ = 6n;

export interface SharedPages {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The bytes must not be touched afterwards. */
  unmap(): void;
}

let pageBytes = 0;

/** The kernel's page size. */
export function pageSize(): number {
  if (pageBytes > 0) return pageBytes;
  const vector = new BigUint64Array(new Uint8Array(readFileSync('/proc/self/auxv')).buffer);
  for (let i = 0; i + 1 < vector.length; i += 2) if (vector[i] === AT_PAGESZ) pageBytes = Number(vector[i + 1]);
  pageBytes ||= 4096;
  return pageBytes;
}

/** mmap(2) of a descriptor, shared; a negative errno when the kernel refuses. */
export function mapShared(fd: number, length: number, offset: number, writable: boolean): SharedPages | number {
  const prot = writable ? PROT.READ | PROT.WRITE : PROT.READ;
  const at = syscall('mmap', [0, length, prot, MAP_SHARED, fd, offset]);
  if (at < 0) return at;
  const buffer = toArrayBuffer(at as Pointer, 0, length);
  return {
    bytes: new Uint8Array(buffer),
    view: new DataView(buffer),
    unmap: () => void syscall('munmap', [at, length]),
  };
}
