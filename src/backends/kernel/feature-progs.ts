/** The smallest program of each type: loaded and run to see what the running kernel supports, and with a call to see which helpers. */
import { ERRNO, helperSince, kernelType, PROG_TYPE } from '../../../engine/index.ts';
import { Attr, type AttrValue } from './attr.ts';
import { closeFd } from './syscall.ts';
import { kernelTypes } from './types.ts';

type LoadValues = Readonly<Record<string, AttrValue>>;

/** enum bpf_attach_type, as far as loading asks for one. */
const ATTACH = {
  ...{ CGROUP_INET4_BIND: 8, CGROUP_INET4_CONNECT: 10, FLOW_DISSECTOR: 17, CGROUP_GETSOCKOPT: 21 },
  CGROUP_SETSOCKOPT: 22,
  ...{ TRACE_RAW_TP: 23, TRACE_FENTRY: 24, TRACE_FEXIT: 25, LSM_MAC: 27, TRACE_ITER: 28, SK_LOOKUP: 36 },
  ...{ SK_REUSEPORT_SELECT: 39, NETFILTER: 45 },
} as const;
const BPF_F_SLEEPABLE = 1 << 4;
/** mov r0, 0; exit */
const RETURN = [0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0] as const;
const LICENSE = new TextEncoder().encode('GPL\0');
const LOG = new Uint8Array(1 << 16);

function typeId(kind: 'func' | 'struct' | 'typedef', name: string): number {
  const types = kernelTypes();
  return types === null ? 0 : kernelType(types, kind, name).id;
}

function traced(attach: number, kind: 'func' | 'typedef', name: string, flags = 0): LoadValues {
  return { expected_attach_type: attach, attach_btf_id: typeId(kind, name), prog_flags: flags };
}

function structOps(struct: string, member: string): LoadValues {
  const types = kernelTypes();
  if (types === null) return {};
  const { id, members } = kernelType(types, 'struct', struct);
  return { attach_btf_id: id, expected_attach_type: Math.max(0, members.indexOf(member)) };
}

type Variants = Readonly<Record<string, LoadValues>>;

/** What loading says beyond the type, by the hook; several where helpers depend on it. Types not named need nothing. */
const VARIANTS: Readonly<Record<number, () => Variants>> = {
  [PROG_TYPE.CGROUP_SOCK_ADDR]: () => ({
    connect: { expected_attach_type: ATTACH.CGROUP_INET4_CONNECT },
    bind: { expected_attach_type: ATTACH.CGROUP_INET4_BIND },
  }),
  [PROG_TYPE.SK_REUSEPORT]: () => ({ select: { expected_attach_type: ATTACH.SK_REUSEPORT_SELECT } }),
  [PROG_TYPE.FLOW_DISSECTOR]: () => ({ netns: { expected_attach_type: ATTACH.FLOW_DISSECTOR } }),
  [PROG_TYPE.CGROUP_SOCKOPT]: () => ({
    getsockopt: { expected_attach_type: ATTACH.CGROUP_GETSOCKOPT },
    setsockopt: { expected_attach_type: ATTACH.CGROUP_SETSOCKOPT },
  }),
  [PROG_TYPE.TRACING]: () => ({
    fentry: traced(ATTACH.TRACE_FENTRY, 'func', 'bpf_fentry_test1'),
    fexit: traced(ATTACH.TRACE_FEXIT, 'func', 'bpf_fentry_test1'),
    tp_btf: traced(ATTACH.TRACE_RAW_TP, 'typedef', 'btf_trace_sched_switch'),
    iter: traced(ATTACH.TRACE_ITER, 'func', 'bpf_iter_task'),
  }),
  [PROG_TYPE.STRUCT_OPS]: () => ({
    'bpf_dummy_ops.test_1': structOps('bpf_dummy_ops', 'test_1'),
    'tcp_congestion_ops.ssthresh': structOps('tcp_congestion_ops', 'ssthresh'),
    'tcp_congestion_ops.cong_avoid': structOps('tcp_congestion_ops', 'cong_avoid'),
  }),
  [PROG_TYPE.EXT]: () => ({ 'a function of the kernel': { attach_btf_id: 1 } }),
  [PROG_TYPE.LSM]: () => ({
    file_open: traced(ATTACH.LSM_MAC, 'func', 'bpf_lsm_file_open', BPF_F_SLEEPABLE),
    bprm_committed_creds: traced(ATTACH.LSM_MAC, 'func', 'bpf_lsm_bprm_committed_creds'),
  }),
  [PROG_TYPE.SK_LOOKUP]: () => ({ netns: { expected_attach_type: ATTACH.SK_LOOKUP } }),
  [PROG_TYPE.SYSCALL]: () => ({ sleepable: { prog_flags: BPF_F_SLEEPABLE } }),
  [PROG_TYPE.NETFILTER]: () => ({ netfilter: { expected_attach_type: ATTACH.NETFILTER } }),
};

interface Loaded {
  /** A descriptor, or a negative errno. */
  readonly fd: number;
  /** What the verifier said, '' when it did not come to that. */
  readonly log: string;
}

function load(type: number, values: LoadValues, insns: Uint8Array): Loaded {
  LOG.fill(0, 0, 1);
  const common = { prog_type: type, insn_cnt: insns.length / 8, insns, license: LICENSE };
  const attr = new Attr('PROG_LOAD', { ...common, log_level: 1, log_size: LOG.length, log_buf: LOG, ...values });
  const fd = attr.call();
  return { fd, log: fd >= 0 ? '' : new TextDecoder('latin1').decode(LOG.subarray(0, LOG.indexOf(0))) };
}

/** The smallest program, or one that calls a helper before it returns. */
function insnsWith(helper: number | null): Uint8Array {
  const call = helper === null ? [] : [0x85, 0, 0, 0, helper & 0xff, helper >>> 8, 0, 0];
  return new Uint8Array([...call, ...RETURN]);
}

/** What trying one program type showed. */
export interface ProgTrial {
  /** null: this user may not try. */
  readonly loads: boolean | null;
  /** Whether BPF_PROG_RUN takes it, with whatever answer to an empty request but ENOTSUPP; null: could not be tried. */
  readonly runs: boolean | null;
  /** Why it does not load, 0 where it does. */
  readonly errno: number;
  /** The verifier's words then, '' when it did not come to that. */
  readonly log: string;
  /** Hooks that are not permitted (EPERM), although the type loads for another. */
  readonly forbidden: readonly string[];
}

/** BPF_PROG_RUN over 64 bytes of zeros: the errno, 0 when it ran. */
function run(fd: number, flags = 0): number {
  const data = new Uint8Array(64);
  return -new Attr('PROG_TEST_RUN', { prog_fd: fd, data_in: data, data_size_in: data.length, flags }).call();
}

function variantsOf(type: number): Variants {
  return VARIANTS[type]?.() ?? { any: {} };
}

/** Loads the smallest program of a type for each of its hooks, and runs the first that loads. */
export function tryProgType(type: number): ProgTrial {
  let last: Loaded = { fd: -ERRNO.EINVAL, log: '' };
  let runs: boolean | null = null;
  const forbidden: string[] = [];
  for (const [hook, values] of Object.entries(variantsOf(type))) {
    last = load(type, values, insnsWith(null));
    if (last.fd === -ERRNO.EPERM) forbidden.push(hook);
    if (last.fd < 0) continue;
    runs ??= run(last.fd) !== ERRNO.ENOTSUPP;
    closeFd(last.fd);
  }
  if (runs !== null) return { loads: true, runs, errno: 0, log: '', forbidden };
  // An extension needs a program to extend: the verifier's answer to one without shows that it knows the type.
  const known = type === PROG_TYPE.EXT && last.log.includes('Cannot replace kernel functions');
  if (known) return { loads: true, runs: null, errno: 0, log: '', forbidden };
  return { loads: last.fd === -ERRNO.EPERM ? null : false, runs: null, errno: -last.fd, log: last.log, forbidden };
}

/** check_helper_call's words for a helper that it does not know, or not for this type; all else is about arguments. */
const NO_HELPER = /unknown func |invalid func |cannot use helper /;

/** Whether one variant may call a helper; null where the verifier was not reached. */
function mayCallIn(type: number, values: LoadValues, helper: number): boolean | null {
  const { fd, log } = load(type, values, insnsWith(helper));
  if (fd >= 0) closeFd(fd);
  if (fd >= 0) return true;
  return log === '' ? null : !NO_HELPER.test(log);
}

/** Helpers by number, 1 to the last one known, that programs of a type may call. */
export function tryHelpers(type: number): ReadonlySet<number> {
  const found = new Set<number>();
  if (type === PROG_TYPE.EXT) return found;
  for (const values of Object.values(variantsOf(type))) {
    const { fd } = load(type, values, insnsWith(null));
    if (fd < 0) continue;
    closeFd(fd);
    for (let id = 1; helperSince(id) !== null; id++) {
      if (!found.has(id) && mayCallIn(type, values, id) === true) found.add(id);
    }
  }
  return found;
}

/** BPF_F_TEST_XDP_RESERVED: a kernel that rejects it knows flags of XDP runs, and live frames with them. */
const TEST_XDP_RESERVED = 1 << 2;

/** Whether XDP runs have live frames, without making one; null: no XDP program can be loaded. */
export function tryLiveFrames(): boolean | null {
  const { fd } = load(PROG_TYPE.XDP, {}, insnsWith(null));
  if (fd < 0) return null;
  const errno = run(fd, TEST_XDP_RESERVED);
  closeFd(fd);
  return errno === ERRNO.EINVAL;
}
