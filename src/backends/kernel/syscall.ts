/** System calls through libc's syscall(2): loaded on first use, results as the kernel gives them (negative errno on failure). */
import { dlopen, FFIType, type Pointer, ptr, read } from 'bun:ffi';
import { ERRNO } from '../../../engine/index.ts';

const NUMBERS = {
  x64: {
    bpf: 321,
    perf_event_open: 298,
    mmap: 9,
    munmap: 11,
    sched_setaffinity: 203,
    prctl: 157,
    close: 3,
    mount: 165,
    unshare: 272,
    socket: 41,
    bind: 49,
    listen: 50,
    getsockopt: 55,
    setsockopt: 54,
    connect: 42,
    sendto: 44,
    recvfrom: 45,
    ioctl: 16,
  },
  arm64: {
    bpf: 280,
    perf_event_open: 241,
    mmap: 222,
    munmap: 215,
    sched_setaffinity: 122,
    prctl: 167,
    close: 57,
    mount: 40,
    unshare: 97,
    socket: 198,
    bind: 200,
    listen: 201,
    getsockopt: 209,
    setsockopt: 208,
    connect: 203,
    sendto: 206,
    recvfrom: 207,
    ioctl: 29,
  },
} as const;
export type SyscallName = keyof (typeof NUMBERS)['x64'];
/** A number, or bytes whose address is passed. */
export type SyscallArg = number | bigint | Uint8Array | null;

type RawSyscall = (...args: (number | bigint)[]) => number | bigint;

interface Libc {
  readonly syscall: RawSyscall;
  readonly errnoAt: Pointer;
  readonly numbers: Readonly<Record<SyscallName, number>>;
}

let loaded: Libc | null = null;
/** What the call under way points to: the garbage collector must not take it. */
const inFlight: { held: unknown } = { held: null };

/** Whether this platform has the system calls at all (Linux on x86-64 or arm64). */
export function hasSyscalls(): boolean {
  return process.platform === 'linux' && Object.hasOwn(NUMBERS, process.arch);
}

function openLibc(): Libc {
  const numbers = NUMBERS[process.arch as 'x64'];
  const word = FFIType.u64;
  const names = ['libc.so.6', 'libc.so', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1'];
  for (const name of names) {
    try {
      const { symbols } = dlopen(name, {
        syscall: { args: [word, word, word, word, word, word, word], returns: FFIType.i64_fast },
        __errno_location: { args: [], returns: FFIType.ptr },
      });
      const errnoAt = symbols.__errno_location();
      if (errnoAt !== null) return { syscall: symbols.syscall as RawSyscall, errnoAt: errnoAt as Pointer, numbers };
    } catch {
      // The next name may do.
    }
  }
  throw new Error(`no C library found: none of ${names.join(', ')}`);
}

function word(arg: SyscallArg): number | bigint {
  if (arg === null) return 0;
  if (typeof arg === 'number') return arg < 0 ? BigInt.asUintN(64, BigInt(arg)) : arg;
  return typeof arg === 'bigint' ? arg : address(arg);
}

/** Where bytes lie in this process; 0 for none. */
export function address(bytes: Uint8Array | null): number {
  return bytes === null || bytes.length === 0 ? 0 : ptr(bytes);
}

/** Makes the call: its result, or the negative errno. `keep`: what the arguments point to indirectly. */
export function syscall(name: SyscallName, args: readonly SyscallArg[], keep: unknown = null): number {
  loaded ??= openLibc();
  inFlight.held = [args, keep];
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args.map(word);
  const result = Number(loaded.syscall(loaded.numbers[name], a, b, c, d, e, f));
  const errno = result === -1 ? read.i32(loaded.errnoAt, 0) : 0;
  inFlight.held = null;
  return errno === 0 ? result : -errno;
}

/** As syscall(), again for as long as a signal interrupts it. */
export function syscallRestarted(name: SyscallName, args: readonly SyscallArg[], keep: unknown = null): number {
  for (;;) {
    const result = syscall(name, args, keep);
    if (result !== -ERRNO.EINTR) return result;
  }
}

/** Closes a descriptor; an interrupted close(2) has closed it. */
export function closeFd(fd: number): void {
  syscall('close', [fd]);
}
