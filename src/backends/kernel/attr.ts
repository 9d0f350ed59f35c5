/** union bpf_attr (include/uapi/linux/bpf.h) as tables: a row a field with its offset and width, one table a command. */
import { ERRNO } from '../../../engine/index.ts';
import { address, syscall, syscallRestarted } from './syscall.ts';

/** Offset and width in bytes; `p` is a pointer (8 bytes), `s16` a name of up to 15 characters. */
type Row = readonly [offset: number, width: 4 | 8 | 'p' | 's16'];
type Layout = { readonly size: number; readonly fields: Readonly<Record<string, Row>> };

const MAP_ELEM: Layout = {
  size: 32,
  fields: { map_fd: [0, 4], key: [8, 'p'], value: [16, 'p'], flags: [24, 8] },
};

const BATCH: Layout = {
  size: 56,
  fields: {
    ...{ in_batch: [0, 'p'], out_batch: [8, 'p'], keys: [16, 'p'], values: [24, 'p'], count: [32, 4] },
    ...{ map_fd: [36, 4], elem_flags: [40, 8], flags: [48, 8] },
  },
};

const MAP_CREATE: Layout = {
  size: 72,
  fields: {
    ...{ map_type: [0, 4], key_size: [4, 4], value_size: [8, 4], max_entries: [12, 4], map_flags: [16, 4] },
    ...{ inner_map_fd: [20, 4], numa_node: [24, 4], map_name: [28, 's16'], btf_fd: [48, 4] },
    ...{ btf_key_type_id: [52, 4], btf_value_type_id: [56, 4], btf_vmlinux_value_type_id: [60, 4] },
    ...{ map_extra: [64, 8] },
  },
};

const LINK_CREATE: Layout = {
  size: 32,
  fields: { prog_fd: [0, 4], target_fd: [4, 4], attach_type: [8, 4], flags: [12, 4], target_btf_id: [16, 4] },
};

const PROG_LOAD: Layout = {
  size: 144,
  fields: {
    ...{ prog_type: [0, 4], insn_cnt: [4, 4], insns: [8, 'p'], license: [16, 'p'], log_level: [24, 4] },
    ...{ log_size: [28, 4], log_buf: [32, 'p'], kern_version: [40, 4], prog_flags: [44, 4], prog_name: [48, 's16'] },
    ...{ expected_attach_type: [68, 4], prog_btf_fd: [72, 4], func_info_rec_size: [76, 4], func_info: [80, 'p'] },
    ...{ func_info_cnt: [88, 4], line_info_rec_size: [92, 4], line_info: [96, 'p'], line_info_cnt: [104, 4] },
    ...{ attach_btf_id: [108, 4], attach_prog_fd: [112, 4], fd_array: [120, 'p'] },
  },
};

const PROG_TEST_RUN: Layout = {
  size: 80,
  fields: {
    ...{ prog_fd: [0, 4], retval: [4, 4], data_size_in: [8, 4], data_size_out: [12, 4], data_in: [16, 'p'] },
    ...{ data_out: [24, 'p'], repeat: [32, 4], duration: [36, 4], ctx_size_in: [40, 4], ctx_size_out: [44, 4] },
    ...{ ctx_in: [48, 'p'], ctx_out: [56, 'p'], flags: [64, 4], cpu: [68, 4], batch_size: [72, 4] },
  },
};

/** Commands by their name in the kernel, each with its number and layout. */
export const BPF = {
  MAP_CREATE: { cmd: 0, ...MAP_CREATE },
  MAP_LOOKUP_ELEM: { cmd: 1, ...MAP_ELEM },
  MAP_UPDATE_ELEM: { cmd: 2, ...MAP_ELEM },
  MAP_DELETE_ELEM: { cmd: 3, ...MAP_ELEM },
  MAP_GET_NEXT_KEY: { cmd: 4, ...MAP_ELEM },
  PROG_LOAD: { cmd: 5, ...PROG_LOAD },
  PROG_TEST_RUN: { cmd: 10, ...PROG_TEST_RUN },
  OBJ_GET_INFO_BY_FD: {
    cmd: 15,
    size: 16,
    fields: { bpf_fd: [0, 4], info_len: [4, 4], info: [8, 'p'] } as Layout['fields'],
  },
  RAW_TRACEPOINT_OPEN: { cmd: 17, size: 16, fields: { name: [0, 'p'], prog_fd: [8, 4] } as Layout['fields'] },
  BTF_LOAD: {
    cmd: 18,
    size: 28,
    fields: {
      ...{ btf: [0, 'p'], btf_log_buf: [8, 'p'], btf_size: [16, 4], btf_log_size: [20, 4], btf_log_level: [24, 4] },
    } as Layout['fields'],
  },
  BTF_GET_FD_BY_ID: { cmd: 19, size: 12, fields: { btf_id: [0, 4] } as Layout['fields'] },
  MAP_LOOKUP_AND_DELETE_ELEM: { cmd: 21, ...MAP_ELEM },
  MAP_FREEZE: { cmd: 22, size: 4, fields: { map_fd: [0, 4] } as Layout['fields'] },
  BTF_GET_NEXT_ID: { cmd: 23, size: 12, fields: { start_id: [0, 4], next_id: [4, 4] } as Layout['fields'] },
  MAP_LOOKUP_BATCH: { cmd: 24, ...BATCH },
  LINK_CREATE: { cmd: 28, ...LINK_CREATE },
} as const satisfies Record<string, Layout & { cmd: number }>;
export type BpfCommand = keyof typeof BPF;

export type AttrValue = number | bigint | string | Uint8Array | null;

/** A filled-in attribute that can be read back after the call. */
export class Attr {
  readonly command: BpfCommand;
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly values: Readonly<Record<string, AttrValue>>;

  constructor(command: BpfCommand, values: Readonly<Record<string, AttrValue>>) {
    this.command = command;
    this.values = values;
    this.bytes = new Uint8Array(BPF[command].size);
    this.view = new DataView(this.bytes.buffer);
    for (const [name, value] of Object.entries(values)) this.put(name, value);
  }

  private row(name: string): Row {
    const row = (BPF[this.command].fields as Layout['fields'])[name];
    if (row === undefined) throw new Error(`bpf(${this.command}) has no attribute ${name}`);
    return row;
  }

  private put(name: string, value: AttrValue): void {
    const [offset, width] = this.row(name);
    if (width === 's16') this.bytes.set(kernelName(String(value)), offset);
    else if (width === 4) this.view.setUint32(offset, Number(value), true);
    else if (typeof value === 'number' || typeof value === 'bigint') {
      this.view.setBigUint64(offset, BigInt.asUintN(64, BigInt(value)), true);
    } else this.view.setBigUint64(offset, BigInt(address(value as Uint8Array | null)), true);
  }

  /** A 32-bit field as the kernel left it. */
  get(name: string): number {
    return this.view.getUint32(this.row(name)[0], true);
  }

  /** Makes the call: a descriptor or 0, or a negative errno. A signal ends it with -EINTR only if `interruptible`. */
  call(interruptible = false): number {
    const args = [BPF[this.command].cmd, this.bytes, this.bytes.length];
    return (interruptible ? syscall : syscallRestarted)('bpf', args, this.values);
  }
}

/** A name as BPF_OBJ_NAME_LEN and bpf_obj_name_cpy want it: 15 characters of letters, digits, `_` and `.`. */
function kernelName(name: string): Uint8Array {
  return new TextEncoder().encode(name.replace(/[^A-Za-z0-9_.]/g, '_').slice(0, 15));
}

/** bpf(2) in one go, for commands of which only the result matters. */
export function bpf(command: BpfCommand, values: Readonly<Record<string, AttrValue>>): number {
  return new Attr(command, values).call();
}

/** Loading gives EAGAIN when a signal came in the middle: libbpf tries five times. */
export function bpfPatiently(attr: Attr): number {
  let result = attr.call();
  for (let tries = 1; result === -ERRNO.EAGAIN && tries < 5; tries++) result = attr.call();
  return result;
}
