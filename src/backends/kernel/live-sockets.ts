/** UDP sockets of the namespaces of a live run, bound as they are described, and read after every call. */
import { errnoName, type NetnsName, type NetnsSpec, type SocketSpec, type SocketUse } from '../../../engine/index.ts';
import { InputError } from '../../input-error.ts';
import { parseIpv4, parseIpv6 } from '../../packet/addresses.ts';
import { closeFd, syscall } from './syscall.ts';

const AF = { INET: 2, INET6: 10 } as const;
const SOCK_DGRAM_CLOEXEC = 2 | 0x8_0000;
const MSG_DONTWAIT = 0x40;
const ROOM = 4096;

/** struct sockaddr_in, or sockaddr_in6. */
function addressOf(text: string): Uint8Array {
  const at = text.lastIndexOf(':');
  const host = text.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  const port = Number(text.slice(at + 1));
  const any = host === '*';
  const v4 = any ? null : parseIpv4(host);
  const bytes = any ? new Uint8Array(16) : (v4 ?? parseIpv6(host));
  if (at < 0 || bytes === null) throw new InputError(`${text} is no address with a port`);
  const out = new Uint8Array(v4 ? 16 : 28);
  const view = new DataView(out.buffer);
  view.setUint16(0, v4 ? AF.INET : AF.INET6, true);
  view.setUint16(2, port, false);
  out.set(bytes, v4 ? 4 : 8);
  return out;
}

function open({ local, remote }: SocketSpec): number {
  const own = addressOf(local);
  const fd = syscall('socket', [own[0]!, SOCK_DGRAM_CLOEXEC, 0]);
  const bound = fd < 0 ? fd : syscall('bind', [fd, own, own.length]);
  const other = remote === undefined ? null : addressOf(remote);
  const joined = bound < 0 || other === null ? bound : syscall('connect', [fd, other, other.length]);
  if (joined < 0) throw new InputError(`the kernel refuses the socket ${local}: ${errnoName(-joined)}`);
  return fd;
}

export class KernelLiveSockets {
  /** Datagrams that were read. */
  readonly delivered: Record<NetnsName, number> = { near: 0, far: 0 };
  private readonly fds: number[] = [];
  private readonly unread: number[] = [];
  private readonly room = new Uint8Array(ROOM);

  /** In the namespace that this thread is in, the near one. Throws InputError. */
  constructor(spec: NetnsSpec, uses: readonly SocketUse[]) {
    const udp = (spec.sockets ?? []).filter(({ protocol }) => protocol === 'udp');
    for (const [i, socket] of udp.entries()) {
      const isRead = uses.find((one) => one.socket === i)?.read ?? true;
      (isRead ? this.fds : this.unread).push(open(socket));
    }
  }

  /** Somebody takes what arrives. */
  get areRead(): boolean {
    return this.fds.length > 0;
  }

  /** Takes what arrived. */
  read(): void {
    for (const fd of this.fds) {
      while (syscall('recvfrom', [fd, this.room, this.room.length, MSG_DONTWAIT, null, null]) >= 0)
        this.delivered.near++;
    }
  }

  close(): void {
    for (const fd of [...this.fds, ...this.unread]) closeFd(fd);
  }
}
