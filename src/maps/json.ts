/** Entries of dumped maps as values for JSON: by BTF, with names in the place of ids, percpu values always as lists. */
import type { Decoded, MapDump, MapEntry, ObjectSpec } from '../../engine/index.ts';
import { cpuStride, decodeBytes, isDataSection, keyShape, valueShape } from './codec.ts';

/** null for queues and stacks, which have no keys. */
export function decodeMapKey(spec: ObjectSpec, dump: MapDump, entry: MapEntry): Decoded {
  return entry.key.length === 0 ? null : decodeBytes(keyShape(spec, dump), entry.key);
}

/** `name`: of the program or map that the value is the id of, if it is one. */
export function decodeMapValue(spec: ObjectSpec, dump: MapDump, entry: MapEntry, name: string | null): Decoded {
  if (name !== null) return name;
  const shape = valueShape(spec, dump);
  if (!dump.percpu || isDataSection(spec, dump)) return decodeBytes(shape, entry.value);
  const cpus = Math.floor(entry.value.length / cpuStride(dump));
  return Array.from({ length: cpus }, (_, cpu) => {
    const at = cpu * cpuStride(dump);
    return decodeBytes(shape, entry.value.subarray(at, at + dump.value_size));
  });
}
