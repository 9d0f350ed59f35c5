/** What makes a network namespace of the kernel's fit for live frames: devices, objects in the kernel, programs attached. */
import { ptr } from 'bun:ffi';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type ObjectSpec, openObject } from '../../../engine/index.ts';
import { LoadedInKernel } from '../../../src/backends/kernel-loaded.ts';
import { syscall } from '../../../src/backends/kernel-syscall.ts';
import { macOf } from './engine.ts';
import { BARE, type DeviceName, DOWN, GRO, IFINDEX, PEERS } from './scenario.ts';

const CMD = { RAW_TRACEPOINT_OPEN: 17, LINK_CREATE: 28, OBJ_GET_INFO_BY_FD: 15 };
const ATTACH_XDP = 37;
const ATTACH_TCX_INGRESS = 46;
const XDP_FLAGS_DRV_MODE = 4;
export const XDP_TYPE = 6;
export const LIVE_FRAMES = 2;

function ip(...args: readonly string[]): void {
  const done = spawnSync('ip', args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`ip ${args.join(' ')}: ${done.stderr}`);
}

export function makeDevices(): void {
  spawnSync('sysctl', ['-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1']);
  for (const [near, far] of [...PEERS, ...BARE]) {
    const [a, b] = [IFINDEX[near], IFINDEX[far]];
    ip(
      ...['link', 'add', near, 'index', `${a}`, 'address', macOf(a), 'type', 'veth'],
      ...['peer', 'name', far, 'index', `${b}`, 'address', macOf(b)],
    );
  }
  ip('link', 'add', 'ifbx', 'index', `${IFINDEX.ifbx}`, 'type', 'ifb');
  for (const dev of GRO) spawnSync('ethtool', ['-K', dev, 'gro', 'on']);
  for (const name of Object.keys(IFINDEX) as DeviceName[]) if (!DOWN.includes(name)) ip('link', 'set', name, 'up');
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

/** bpf(2) with a few u32 attributes. */
function bpfWords(cmd: number, what: string, ...words: readonly number[]): number {
  const attr = new Uint8Array(new Uint32Array([...words, ...new Array<number>(16 - words.length).fill(0)]).buffer);
  return checked(syscall('bpf', [cmd, attr, attr.length]), what);
}

export function attachTracepoint(fd: number, name: string): number {
  const text = new TextEncoder().encode(`${name}\0`);
  const attr = new Uint8Array(16);
  const view = new DataView(attr.buffer);
  view.setBigUint64(0, BigInt(ptr(text)), true);
  view.setUint32(8, fd, true);
  return checked(syscall('bpf', [CMD.RAW_TRACEPOINT_OPEN, attr, attr.length], text), `raw tracepoint ${name}`);
}

export function mapId(fd: number): number {
  const info = new Uint8Array(88);
  const attr = new Uint8Array(16);
  const view = new DataView(attr.buffer);
  view.setUint32(0, fd, true);
  view.setUint32(4, info.length, true);
  view.setBigUint64(8, BigInt(ptr(info)), true);
  checked(syscall('bpf', [CMD.OBJ_GET_INFO_BY_FD, attr, attr.length], info), 'map info');
  return new DataView(info.buffer).getUint32(4, true);
}

/** Attaches a program natively to a device for as long as the descriptor is open (bpf_link). */
export function attachXdp(fd: number, ifindex: number): number {
  return bpfWords(CMD.LINK_CREATE, `XDP on ${ifindex}`, fd, ifindex, ATTACH_XDP, XDP_FLAGS_DRV_MODE);
}

/** The same at tc ingress (tcx). */
export function attachTcx(fd: number, ifindex: number): number {
  return bpfWords(CMD.LINK_CREATE, `tcx on ${ifindex}`, fd, ifindex, ATTACH_TCX_INGRESS);
}
