/** Types of the kernel's modules, each set laid behind the kernel's own so that ids and names read as one. */
import { Attr, bpf } from './attr.ts';
import { address, closeFd } from './syscall.ts';
import { kernelTypes, typesOf } from './types.ts';

/** Of struct btf_header: where the types' and strings' offsets and lengths stand. */
const AT = { HEADER: 4, TYPES: 8, TYPES_LENGTH: 12, STRINGS: 16, STRINGS_LENGTH: 20 } as const;
const HEADER_BYTES = 24;
/** struct bpf_btf_info */
const INFO = { BYTES: 32, NAME: 16, NAME_LENGTH: 24, KERNEL: 28 } as const;
const NAME_BYTES = 64;

/** A module whose types are open in this process. */
export interface ModuleTypes {
  readonly name: string;
  /** Descriptor of its BTF. */
  readonly fd: number;
  /** The kernel's types, then the module's. */
  readonly btf: Uint8Array;
}

interface Part {
  readonly types: Uint8Array;
  readonly strings: Uint8Array;
}

function partOf(btf: Uint8Array): Part {
  const view = new DataView(btf.buffer, btf.byteOffset, btf.length);
  const word = (at: number) => view.getUint32(at, true);
  const types = word(AT.HEADER) + word(AT.TYPES);
  const strings = word(AT.HEADER) + word(AT.STRINGS);
  return {
    types: btf.subarray(types, types + word(AT.TYPES_LENGTH)),
    strings: btf.subarray(strings, strings + word(AT.STRINGS_LENGTH)),
  };
}

/** Split BTF (btf_parse_module) behind its base as BTF of one piece: its ids and string offsets go on where the base's end. */
export function joinTypes(base: Uint8Array, split: Uint8Array): Uint8Array {
  const parts = [partOf(base), partOf(split)];
  const length = (which: keyof Part) => parts.reduce((sum, part) => sum + part[which].length, 0);
  const joined = new Uint8Array(HEADER_BYTES + length('types') + length('strings'));
  const view = new DataView(joined.buffer);
  joined.set(base.subarray(0, AT.HEADER));
  [HEADER_BYTES, 0, length('types'), length('types'), length('strings')].forEach((value, i) => {
    view.setUint32(AT.HEADER + 4 * i, value, true);
  });
  let at = HEADER_BYTES;
  for (const bytes of [...parts.map((part) => part.types), ...parts.map((part) => part.strings)]) {
    joined.set(bytes, at);
    at += bytes.length;
  }
  return joined;
}

/** Name of the module whose types stand behind a descriptor; null: they are the kernel's own, or no part of it. */
function moduleName(fd: number): string | null {
  const name = new Uint8Array(NAME_BYTES);
  const info = new Uint8Array(INFO.BYTES);
  const view = new DataView(info.buffer);
  view.setBigUint64(INFO.NAME, BigInt(address(name)), true);
  view.setUint32(INFO.NAME_LENGTH, name.length, true);
  if (bpf('OBJ_GET_INFO_BY_FD', { bpf_fd: fd, info_len: info.length, info }) !== 0) return null;
  const text = new TextDecoder('latin1').decode(name.subarray(0, name.indexOf(0)));
  return view.getUint32(INFO.KERNEL, true) === 1 && text !== 'vmlinux' && /^\w+$/.test(text) ? text : null;
}

/** Ids of all BTF that is loaded, by anybody. */
function* btfIds(): Iterable<number> {
  for (let id = 0; ; ) {
    const attr = new Attr('BTF_GET_NEXT_ID', { start_id: id });
    if (attr.call() !== 0) return;
    id = attr.get('next_id');
    yield id;
  }
}

/** load_module_btfs in libbpf: types of all modules that show theirs. Their descriptors are the caller's to close. */
export function moduleTypes(): ModuleTypes[] {
  const base = kernelTypes();
  if (base === null) return [];
  const found: ModuleTypes[] = [];
  for (const id of btfIds()) {
    const fd = bpf('BTF_GET_FD_BY_ID', { btf_id: id });
    const name = fd < 0 ? null : moduleName(fd);
    const split = name === null ? null : typesOf(name);
    if (name !== null && split !== null) found.push({ name, fd, btf: joinTypes(base, split) });
    else if (fd >= 0) closeFd(fd);
  }
  return found;
}
