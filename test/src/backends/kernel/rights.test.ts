/** Why BPF is not permitted, by what a process may do: the first thing that explains it, and what to do. */
import { expect, test } from 'bun:test';
import { type Rights, whyForbidden } from '../../../../src/backends/kernel/rights.ts';

const NET_ADMIN = 1n << 12n;
const SYS_ADMIN = 1n << 21n;
const PERFMON = 1n << 38n;
const BPF = 1n << 39n;
const ROOT: Rights = {
  ...{ root: true, capabilities: (1n << 41n) - 1n, last_capability: 40 },
  ...{ first_namespace: true, filtered: false, lockdown: 'none' },
};

test.each([
  [
    'a user',
    { root: false, capabilities: 0n },
    'this user lacks CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON',
    'run it as root, or with CAP_BPF',
  ],
  [
    'a user with some',
    { root: false, capabilities: BPF | PERFMON },
    'this user lacks CAP_NET_ADMIN',
    'or with CAP_NET_ADMIN',
  ],
  [
    'root of a container',
    { capabilities: NET_ADMIN },
    'root here lacks CAP_BPF and CAP_PERFMON',
    '--cap-add BPF --cap-add PERFMON',
  ],
  [
    'a kernel without CAP_BPF',
    { capabilities: NET_ADMIN, last_capability: 37 },
    'root here lacks CAP_SYS_ADMIN',
    'give the process CAP_SYS_ADMIN',
  ],
  ['root of a user namespace', { first_namespace: false }, 'root of a user namespace', 'outside of the user namespace'],
  ['lockdown', { lockdown: 'confidentiality' }, 'lockdown is in confidentiality mode', 'lockdown=integrity'],
  ['seccomp', { filtered: true, lockdown: 'integrity' }, 'a seccomp filter forbids it', 'seccomp profile'],
  ['nothing that shows', { capabilities: SYS_ADMIN }, 'this kernel does, or a security module', 'another kernel'],
] as const)('%s', (_who, changes: Partial<Rights>, reason, advice) => {
  const why = whyForbidden({ ...ROOT, ...changes });
  expect(why.reason).toContain(reason);
  expect(why.advice).toContain(advice);
});
