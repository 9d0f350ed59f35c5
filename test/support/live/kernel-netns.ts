/** What makes a network namespace of the kernel's fit for live frames: the scenarios' devices, objects in the kernel, programs attached. */
import { readFileSync } from 'node:fs';
import { type ObjectSpec, openObject } from '../../../engine/index.ts';
import { bpf } from '../../../src/backends/kernel/attr.ts';
import { KernelLiveNet } from '../../../src/backends/kernel/live-net.ts';
import { LoadedInKernel } from '../../../src/backends/kernel/loaded.ts';
import type { LiveDeviceInfo } from '../../../src/live/types.ts';
import { NETNS } from './engine.ts';
import { BARE, type DeviceName, GRO, IFINDEX, PEERS } from './scenario.ts';

const ATTACH = { XDP: 37, TCX_INGRESS: 46 } as const;
const XDP_FLAGS_DRV_MODE = 4;
/** Enough of struct bpf_map_info: type, id. */
const INFO_BYTES = 8;
export const XDP_TYPE = 6;
export const LIVE_FRAMES = 2;

function infoOf(name: DeviceName, type: LiveDeviceInfo['type'], peer: DeviceName | null): LiveDeviceInfo {
  const end = peer === null ? null : { netns: 'near' as const, ifindex: IFINDEX[peer], name: peer };
  const more = { mtu: 1500, peer: end, xdp: 'none' as const, gro: GRO.includes(name), tc: null };
  return { netns: 'near', ifindex: IFINDEX[name], name, type, ...more };
}

/** The devices of every scenario, in a namespace of this process that it is in afterwards. */
export function makeDevices(): KernelLiveNet {
  const pairs = [...PEERS, ...BARE].flatMap(([near, far]) => [infoOf(near, 'veth', far), infoOf(far, 'veth', near)]);
  const devices = [infoOf('lo', 'lo', null), ...pairs, infoOf('ifbx', 'ifb', null)];
  return new KernelLiveNet({ netns: NETNS, far: {}, links: [], devices });
}

export function load(url: URL, program: string, also: readonly string[]): { object: LoadedInKernel; spec: ObjectSpec } {
  const btf = new Uint8Array(readFileSync('/sys/kernel/btf/vmlinux'));
  const opened = openObject({ path: url.pathname, bytes: new Uint8Array(readFileSync(url)) }, { btf });
  if (!opened.ok) throw new Error(opened.error.message);
  const object = new LoadedInKernel(opened.value);
  const wish = { program, type: 0, updates: [], also: also.map((one) => ({ program: one, type: 0 })) };
  const refused = object.load(wish);
  if (refused !== null) throw new Error(`${refused.refusal.message}\n${refused.log.slice(-2000)}`);
  return { object, spec: opened.value };
}

export function checked(result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: errno ${-result}`);
  return result;
}

export function mapId(fd: number): number {
  const info = new Uint8Array(INFO_BYTES);
  checked(bpf('OBJ_GET_INFO_BY_FD', { bpf_fd: fd, info_len: info.length, info }), 'map info');
  return new DataView(info.buffer).getUint32(4, true);
}

/** Attaches a program natively to a device for as long as the descriptor is open (bpf_link). */
export function attachXdp(prog_fd: number, ifindex: number): number {
  const where = { target_fd: ifindex, attach_type: ATTACH.XDP, flags: XDP_FLAGS_DRV_MODE };
  return checked(bpf('LINK_CREATE', { prog_fd, ...where }), `XDP on ${ifindex}`);
}

/** The same at tc ingress (tcx). */
export function attachTcx(prog_fd: number, ifindex: number): number {
  const where = { target_fd: ifindex, attach_type: ATTACH.TCX_INGRESS };
  return checked(bpf('LINK_CREATE', { prog_fd, ...where }), `tcx on ${ifindex}`);
}
