/** Whether the kernel backend can be used here, by trying: if not, why, and what to do about it. */
import { ERRNO, errnoName, MAP_TYPE, PROG_TYPE } from '../../../engine/index.ts';
import { Attr, bpf } from './attr.ts';
import { whyForbidden } from './rights.ts';
import { closeFd, hasSyscalls } from './syscall.ts';

export type Usability =
  | { readonly usable: true }
  | {
      readonly usable: false;
      /** One sentence. */
      readonly reason: string;
      /** What to do, one sentence; '' when nothing helps. */
      readonly advice: string;
    };

/** XDP_PASS; exit */
const RETURN_PASS = new Uint8Array([0xb7, 0, 0, 0, 2, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0]);

function unusable(reason: string, advice = ''): Usability {
  return { usable: false, reason, advice };
}

/** Why a first bpf(2) call failed. */
function explain(what: string, errno: number): Usability {
  if (errno === ERRNO.ENOSYS) return unusable('this kernel has no bpf(2)', 'use a kernel with CONFIG_BPF_SYSCALL');
  if (errno !== ERRNO.EPERM) return unusable(`${what} gives ${errnoName(errno)}`);
  const { reason, advice } = whyForbidden();
  return unusable(`${what} is not permitted: ${reason}`, advice);
}

/** Makes a map, loads a program and runs it, as the backend would. */
export function probeKernel(): Usability {
  if (process.platform !== 'linux') return unusable('this is not Linux', 'use the embedded engine (--backend engine)');
  if (!hasSyscalls()) return unusable(`bpf(2) is not known on ${process.arch}`, 'use an x86-64 or arm64 machine');
  const map = bpf('MAP_CREATE', { map_type: MAP_TYPE.ARRAY, key_size: 4, value_size: 4, max_entries: 1 });
  if (map < 0) return explain('BPF_MAP_CREATE', -map);
  closeFd(map);
  const license = new TextEncoder().encode('GPL\0');
  const prog = bpf('PROG_LOAD', { prog_type: PROG_TYPE.XDP, insn_cnt: 2, insns: RETURN_PASS, license });
  if (prog < 0) return explain('BPF_PROG_LOAD', -prog);
  const data = new Uint8Array(64);
  const run = new Attr('PROG_TEST_RUN', { prog_fd: prog, data_in: data, data_size_in: data.length }).call();
  closeFd(prog);
  return run === 0 ? { usable: true } : explain('BPF_PROG_TEST_RUN', -run);
}
