/** Pieces that fault sentences are made of. */
import { calledHelper } from './origin.ts';
import type { FaultRecord } from './record.ts';

/** `4 bytes`, `1 byte`. */
export function bytesText(size: number | bigint): string {
  return `${size} ${Number(size) === 1 ? 'byte' : 'bytes'}`;
}

/** `reads 4 bytes`, `bpf_map_lookup_elem reads 4 bytes`. */
export function accessText(fault: FaultRecord): string {
  const helper = calledHelper(fault.insn);
  const verb = `${fault.write ? 'writes' : 'reads'} ${bytesText(fault.size)}`;
  return helper === null ? verb : `${helper} ${verb}`;
}

/** `0xcafe`. */
export function hexText(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
