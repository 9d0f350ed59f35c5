/** BPF_PROG_RUN of XDP programs in ordinary mode (bpf_prog_test_run_xdp). */
import { CTX_BASE } from '../layout.ts';
import { XDP_FRAGS_MAX, XDP_HEADROOM_USABLE, XDP_LINEAR_MAX, XDP_PAGE, XdpBuff } from '../net/xdp-buff.ts';
import { ERRNO } from '../uapi/errno.ts';
import { contractOf } from './contracts.ts';
import { endedEarly, finish, notRun } from './finish.ts';
import { checkOpts, contextOf, type Failure, invalid, isFailure } from './opts.ts';
import type { Run } from './run.ts';
import type { ProgRunOpts, ProgRunResult } from './types.ts';

const ATTACH_XDP_DEVMAP = 33;
const ATTACH_XDP_CPUMAP = 35;
const XDP_MD_SIZE = 24;
const XDP_REDIRECT = 4;
const ETH_HLEN = 14;
const LOOPBACK = 1;

/** Offsets in struct xdp_md. */
const MD = { DATA: 0, DATA_END: 4, DATA_META: 8, INGRESS_IFINDEX: 12, RX_QUEUE_INDEX: 16, EGRESS_IFINDEX: 20 };

export function runXdp(run: Run, opts: ProgRunOpts): ProgRunResult {
  const { world, program } = run;
  const attach = program.spec.attach_type;
  if (attach === ATTACH_XDP_DEVMAP || attach === ATTACH_XDP_CPUMAP) {
    return notRun(invalid('programs for a devmap or cpumap entry cannot be run alone'));
  }
  const failure = checkOpts(opts, contractOf(program.type)!);
  if (failure !== null) return notRun(failure);
  const ctx = contextOf(opts, 'xdp_md', XDP_MD_SIZE);
  if (isFailure(ctx)) return notRun(ctx);
  const buff = prepare(run, opts.data_in ?? new Uint8Array(0), ctx);
  if (isFailure(buff)) return notRun(buff);

  world.rc.xdp = buff;
  const execution = run.execute(CTX_BASE, opts);
  const early = endedEarly(world, execution);
  if (early !== null) return early;
  if (ctx !== null) showBounds(ctx, buff);
  const contents = buff.contents();
  const head = contents.subarray(0, buff.headBytes);
  const result = finish(world, execution, opts, { head, frags: contents.subarray(buff.headBytes), ctx });
  return execution.retval === XDP_REDIRECT ? { ...result, redirect: world.rc.redirect } : result;
}

/** The packet as ctx_in says where metadata, linear part and fragments lie; without one everything that fits is linear. */
function prepare(run: Run, data_in: Uint8Array, ctx: Uint8Array | null): XdpBuff | Failure {
  const size = data_in.length;
  const md = ctx === null ? null : new DataView(ctx.buffer);
  const meta = md?.getUint32(MD.DATA, true) ?? 0;
  const end = md?.getUint32(MD.DATA_END, true) ?? size;
  const failure = checkShape(md, size) ?? checkDevice(run, md);
  if (failure !== null) return failure;
  const linear = Math.min(end, XDP_LINEAR_MAX + meta);
  if (size > linear + XDP_FRAGS_MAX * XDP_PAGE) {
    const reason = `data_in has ${size} bytes, the linear part and ${XDP_FRAGS_MAX} fragments hold ${linear + XDP_FRAGS_MAX * XDP_PAGE}`;
    return { errno: ERRNO.ENOMEM, reason };
  }
  const ingress = md?.getUint32(MD.INGRESS_IFINDEX, true) ?? 0;
  const device = ingress === 0 ? LOOPBACK : ingress;
  run.world.rc.ifindex = device;
  // Loopback's queue is made to look as if its fragments were pages; other devices' queues leave that open.
  return new XdpBuff(run.world.mem, {
    data_in,
    meta,
    linear,
    ingress_ifindex: device,
    rx_queue_index: md?.getUint32(MD.RX_QUEUE_INDEX, true) ?? 0,
    frags_grow: device === LOOPBACK,
  });
}

function checkShape(md: DataView | null, size: number): Failure | null {
  const word = (offset: number): number => md?.getUint32(offset, true) ?? 0;
  const meta = word(MD.DATA);
  if (md !== null) {
    const end = word(MD.DATA_END);
    if (word(MD.DATA_META) !== 0) return invalid('ctx_in: data_meta must be 0');
    if (end > size) return invalid(`ctx_in: data_end is ${end}, data_in has ${size} bytes`);
    if (meta > end) return invalid(`ctx_in: data is ${meta}, behind data_end ${end}`);
    if (meta % 4 !== 0) return invalid(`ctx_in: data is ${meta}, metadata has a length that is a multiple of 4`);
    if (meta > XDP_HEADROOM_USABLE) {
      return invalid(`ctx_in: data is ${meta}, metadata has at most ${XDP_HEADROOM_USABLE} bytes`);
    }
  }
  if (size - meta < ETH_HLEN) return invalid(`${size - meta} bytes are less than an Ethernet header`);
  return null;
}

/** xdp_convert_md_to_buff */
function checkDevice(run: Run, md: DataView | null): Failure | null {
  if (md === null) return null;
  const ingress = md.getUint32(MD.INGRESS_IFINDEX, true);
  const queue = md.getUint32(MD.RX_QUEUE_INDEX, true);
  if (md.getUint32(MD.EGRESS_IFINDEX, true) !== 0) return invalid('ctx_in: egress_ifindex must be 0');
  if (ingress === 0) return queue === 0 ? null : invalid('ctx_in: rx_queue_index needs an ingress_ifindex');
  if (!run.world.maps.hasDevice(ingress)) {
    return { errno: ERRNO.ENODEV, reason: `ctx_in: no device has ifindex ${ingress}` };
  }
  const queues = run.world.rc.netns.devices.get(ingress)?.rx_queues ?? 1;
  if (queue < queues) return null;
  return invalid(
    `ctx_in: rx_queue_index is ${queue}, the device has ${queues === 1 ? 'one queue' : `${queues} queues`}`,
  );
}

/** xdp_convert_buff_to_md: positions counted from the start of the metadata. */
function showBounds(ctx: Uint8Array, buff: XdpBuff): void {
  const md = new DataView(ctx.buffer);
  md.setUint32(MD.DATA, buff.metaBytes, true);
  md.setUint32(MD.DATA_END, buff.headBytes, true);
}
