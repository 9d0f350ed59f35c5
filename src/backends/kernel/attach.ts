/** What of the running kernel a program is made for, by the ids of its BTF: a struct's member, a tracepoint, an iterator. */
import { ERRNO, kernelType, PROG_TYPE, type ProgramSpec, type Refusal } from '../../../engine/index.ts';
import { bpf } from './attr.ts';
import { kernelRefusal } from './refusal.ts';
import { kernelTypes } from './types.ts';

/** BPF_TRACE_RAW_TP, BPF_TRACE_ITER; all other TRACING programs hang on functions. */
const TRACE_RAW_TP = 23;
const TRACE_ITER = 28;

export interface AttachPoint {
  readonly expected_attach_type: number;
  /** 0 where the type has none, or the kernel does not have it. */
  readonly attach_btf_id: number;
  /** Descriptor of the program whose function it replaces; absent: it replaces none. */
  readonly attach_prog_fd?: number;
}

/** libbpf_prepare_prog_load and bpf_object__init_kern_struct_ops: for the section's own type only. */
export function attachPoint(program: ProgramSpec): AttachPoint {
  const { type, attach_type, attach_target, struct_ops } = program;
  const none = { attach_btf_id: 0, expected_attach_type: attach_type };
  const types = kernelTypes();
  if (types === null) return none;
  if (type === PROG_TYPE.STRUCT_OPS && struct_ops !== undefined) {
    const { id, members } = kernelType(types, 'struct', struct_ops.type);
    return { attach_btf_id: id, expected_attach_type: Math.max(0, members.indexOf(struct_ops.member)) };
  }
  if (type !== PROG_TYPE.TRACING && type !== PROG_TYPE.LSM) return none;
  return { ...none, attach_btf_id: tracedId(types, type, attach_type, attach_target) };
}

function tracedId(types: Uint8Array, type: number, attachType: number, target: string): number {
  if (type === PROG_TYPE.LSM) return kernelType(types, 'func', `bpf_lsm_${target}`).id;
  if (attachType === TRACE_RAW_TP) return kernelType(types, 'typedef', `btf_trace_${target}`).id;
  return kernelType(types, 'func', attachType === TRACE_ITER ? `bpf_iter_${target}` : target).id;
}

/** bpf_program__attach_freplace: links an extension to the program it was loaded for. A descriptor; the link lasts as long as it. */
export function linkExtension({ fd, spec }: { readonly fd: number; readonly spec: ProgramSpec }): number | Refusal {
  const made = bpf('LINK_CREATE', { prog_fd: fd });
  // Before 5.10 such links were made as those of raw tracepoints are.
  const link = made === -ERRNO.EINVAL ? bpf('RAW_TRACEPOINT_OPEN', { prog_fd: fd }) : made;
  if (link >= 0) return link;
  const what = `program ${spec.name}: the kernel refuses to put it in place of ${spec.attach_target}`;
  return kernelRefusal('load', -link, what, { program: spec.name, section: spec.section });
}
