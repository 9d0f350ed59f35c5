/** Puts a live run's programs, sockets and faults in their places, or says what is wrong with the description. */
import { ok, type Result, refuse } from '../../errors.ts';
import type { LoadedProgram } from '../../load/types.ts';
import type { LiveDevice } from '../../net/net-device.ts';
import { helperName } from '../../uapi/helper-names.ts';
import { insnCount, readInsn } from '../../uapi/insn.ts';
import { CLASS, JMP } from '../../uapi/opcodes.ts';
import { PROG_TYPE, progTypeName } from '../../uapi/prog-types.ts';
import type { LiveDevices } from './devices.ts';
import type { LiveOpts } from './opts.ts';
import type { LivePrograms } from './programs.ts';
import type { TcProgram } from './tc.ts';

const ATTACH_TCX_INGRESS = 46;
const HELPER_CALL = CLASS.JMP | JMP.CALL;

/** One sentence about the first program that has no device, or null. */
export function attachAll(devices: LiveDevices, programs: LivePrograms, opts: LiveOpts): string | null {
  for (const { netns, dev, program } of opts.xdp ?? []) {
    const device = devices.byIfindex(netns ?? 'near', dev);
    if (device === null) return `xdp: no device of namespace ${netns ?? 'near'} has ifindex ${dev}`;
    if (device.type !== 'veth')
      return `xdp: device ${dev} of namespace ${netns ?? 'near'} is no veth and receives nothing`;
    device.attach(typeof program === 'string' ? programs.verdict(program) : programs.of(program));
  }
  return null;
}

/** The programs at tc ingress; refuses those that are for elsewhere, and what no run does. */
export function tcPrograms(
  devices: LiveDevices,
  programs: LivePrograms,
  { tc }: LiveOpts,
): Result<ReadonlyMap<LiveDevice, TcProgram>> {
  const attached = new Map<LiveDevice, TcProgram>();
  for (const { netns, dev, program } of tc ?? []) {
    const where = { program: program.spec.name };
    const device = devices.byIfindex(netns ?? 'near', dev);
    if (device === null)
      return refuse('run', 0, `tc: no device of namespace ${netns ?? 'near'} has ifindex ${dev}`, where);
    if (attached.has(device))
      return refuse('run', 0, `tc: device ${dev} of namespace ${netns ?? 'near'} has two programs`, where);
    if (program.type !== PROG_TYPE.SCHED_CLS) {
      return refuse(
        'run',
        0,
        `tc: a program at tc ingress is SCHED_CLS, this one is ${progTypeName(program.type)}`,
        where,
      );
    }
    if (callsNeigh(program)) return refuse('unsupported', 0, 'bpf_redirect_neigh at tc ingress of live frames', where);
    attached.set(device, { prog: programs.beside(program), tcx: program.spec.attach_type === ATTACH_TCX_INGRESS });
  }
  return ok(attached);
}

/** Whether a program calls bpf_redirect_neigh. */
function callsNeigh({ insns }: LoadedProgram): boolean {
  for (let i = 0; i < insnCount(insns); i++) {
    const { op, src, imm } = readInsn(insns, i);
    if (op === HELPER_CALL && src === 0 && helperName(imm) === 'redirect_neigh') return true;
  }
  return false;
}

export function settleSockets(devices: LiveDevices, opts: LiveOpts): string | null {
  for (const { netns, socket, read, rcvbuf } of opts.sockets ?? []) {
    const found = devices.stacks[netns ?? 'near'].sockets[socket];
    if (found === undefined) return `sockets: namespace ${netns ?? 'near'} has no UDP socket ${socket}`;
    found.isRead = read ?? true;
    found.rcvbuf = rcvbuf ?? found.rcvbuf;
  }
  return null;
}

/** Faults name devices that there are, and rings those of veths. */
export function faultProblem(devices: LiveDevices, { faults }: LiveOpts): string | null {
  for (const { netns, dev } of [...(faults?.link ?? []), ...(faults?.ring ?? [])]) {
    if (devices.byIfindex(netns ?? 'near', dev) === null)
      return `faults: no device of namespace ${netns ?? 'near'} has ifindex ${dev}`;
  }
  const plain = faults?.ring?.find(({ netns, dev }) => devices.byIfindex(netns ?? 'near', dev)?.type !== 'veth');
  return plain === undefined ? null : `faults: device ${plain.dev} is no veth and has no ring`;
}
