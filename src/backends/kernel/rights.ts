/** What this process may do to BPF, as the kernel judges it: capabilities, user namespace, seccomp, lockdown. */
import { readFileSync } from 'node:fs';

/** Bits of a capability set (include/uapi/linux/capability.h). */
const CAP = { NET_ADMIN: 12, SYS_ADMIN: 21, PERFMON: 38, BPF: 39 } as const;
type Capability = keyof typeof CAP;
/** What programs that see packets and trace ask for. CAP_SYS_ADMIN stands for each of them. */
const WANTED: readonly Capability[] = ['BPF', 'NET_ADMIN', 'PERFMON'];
const SECCOMP_FILTER = 2;

export interface Rights {
  readonly root: boolean;
  /** The effective set. */
  readonly capabilities: bigint;
  /** Number of the last capability this kernel has. */
  readonly last_capability: number;
  /** Whether the user namespace is the first one: capabilities of others do not count for BPF. */
  readonly first_namespace: boolean;
  /** Whether a seccomp filter judges system calls. */
  readonly filtered: boolean;
  /** none, integrity or confidentiality; '' where the kernel does not say. */
  readonly lockdown: string;
}

export interface Forbidden {
  /** One sentence that ends what `… is not permitted` begins. */
  readonly reason: string;
  /** What to do, one sentence. */
  readonly advice: string;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Mode of kernel lockdown: none, integrity, confidentiality; '' where the kernel does not say. */
export function lockdown(): string {
  return /\[(\w+)\]/.exec(textOf('/sys/kernel/security/lockdown'))?.[1] ?? '';
}

/** Of this process, as /proc shows it. */
export function rightsHere(): Rights {
  const status = textOf('/proc/self/status');
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(status)?.[1] ?? '0';
  const map = textOf('/proc/self/uid_map').trim().split(/\s+/).map(Number);
  return {
    root: process.getuid?.() === 0,
    capabilities: BigInt(`0x${field('CapEff')}`),
    last_capability: Number(textOf('/proc/sys/kernel/cap_last_cap') || CAP.BPF),
    first_namespace: map.length < 3 || (map[0] === 0 && map[1] === 0 && map[2] === 0xffff_ffff),
    filtered: Number(field('Seccomp')) === SECCOMP_FILTER,
    lockdown: lockdown(),
  };
}

/** Capabilities that BPF asks for and the process does not have: `CAP_BPF`, … */
export function missingCapabilities({ capabilities, last_capability }: Rights = rightsHere()): string[] {
  const has = (name: Capability) => ((capabilities >> BigInt(CAP[name])) & 1n) === 1n;
  if (has('SYS_ADMIN')) return [];
  // Before 5.8 there is no CAP_BPF, and CAP_SYS_ADMIN is the one that counts.
  if (last_capability < CAP.BPF) return ['CAP_SYS_ADMIN'];
  return WANTED.filter((name) => !has(name)).map((name) => `CAP_${name}`);
}

/** `a`, `a and b`, `a, b and c` */
function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** Why EPERM came: the first thing that explains it, and what to do about it. */
export function whyForbidden(rights: Rights = rightsHere()): Forbidden {
  const lacks = missingCapabilities(rights);
  if (lacks.length > 0) {
    const names = listed(lacks);
    const who = rights.root ? 'root here lacks' : 'this user lacks';
    const container = `give the process ${names} (containers: --cap-add ${lacks.map((name) => name.slice(4)).join(' --cap-add ')})`;
    return { reason: `${who} ${names}`, advice: rights.root ? container : `run it as root, or with ${names}` };
  }
  if (!rights.first_namespace) {
    const reason = 'root of a user namespace has no say over BPF';
    return { reason, advice: 'run it outside of the user namespace (of the rootless container)' };
  }
  if (rights.lockdown === 'confidentiality') {
    return { reason: 'kernel lockdown is in confidentiality mode', advice: 'boot with lockdown=integrity or none' };
  }
  if (rights.filtered) {
    return { reason: 'a seccomp filter forbids it', advice: 'allow bpf(2) in the seccomp profile of the container' };
  }
  const reason =
    'the process has every capability that it takes, no seccomp filter and no lockdown forbid it: this kernel does, or a security module';
  return { reason, advice: 'use another kernel for it' };
}
