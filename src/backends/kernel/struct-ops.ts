/** BPF_MAP_TYPE_STRUCT_OPS: a table of operations as the kernel has it, for programs to stand in. */
import { ERRNO, kernelType, MAP_TYPE, type Refusal, type StructOpsSpec } from '../../../engine/index.ts';
import { bpf } from './attr.ts';
import { kernelRefusal } from './refusal.ts';
import { kernelTypes } from './types.ts';

/** What the kernel calls the struct that holds a table and its state. */
const VALUE_PREFIX = 'bpf_struct_ops_';

/**
 * bpf_object__create_map for a variable of a .struct_ops section: a descriptor. The table is made and not filled in, for that
 * would put it to use.
 */
export function createTable({ name, type, section }: StructOpsSpec, btfFd: number): number | Refusal {
  const types = kernelTypes();
  const value = types === null ? null : kernelType(types, 'struct', `${VALUE_PREFIX}${type}`);
  if (value === null || value.id === 0) {
    const message = `table ${name}: the running kernel has no operations ${type}`;
    return { stage: 'load', errno: ERRNO.ENOTSUPP, message, where: { section } };
  }
  const made = bpf('MAP_CREATE', {
    ...{ map_type: MAP_TYPE.STRUCT_OPS, map_name: name, key_size: 4, value_size: value.size, max_entries: 1 },
    ...{ btf_fd: btfFd, btf_vmlinux_value_type_id: value.id },
  });
  return made >= 0 ? made : kernelRefusal('load', -made, `table ${name}: the kernel refuses to create it`, { section });
}
