/** Rings of perf_event_open(2): where bpf_perf_event_output's records and the printk tracepoint's lines arrive. */
import { mapShared, pageSize, type SharedPages } from './mmap.ts';
import { closeFd, syscall } from './syscall.ts';

/** struct perf_event_attr, first version (PERF_ATTR_SIZE_VER0). */
const ATTR_SIZE = 64;
const PERF_TYPE = { SOFTWARE: 1, TRACEPOINT: 2 } as const;
const COUNT_SW_BPF_OUTPUT = 10n;
const SAMPLE_RAW = 1n << 10n;
const FLAG_FD_CLOEXEC = 8;
/** Of struct perf_event_mmap_page. */
const DATA_HEAD = 1024;
const DATA_TAIL = 1032;
const RECORD = { LOST: 2, SAMPLE: 9 } as const;
const HEADER = 8;
const DATA_PAGES = 64;

/** What came out of a ring: raw samples in order, and how many the kernel had no room for. */
export interface Drained {
  readonly samples: Uint8Array[];
  readonly lost: number;
}

export class PerfRing {
  readonly fd: number;
  private readonly pages: SharedPages;

  private constructor(fd: number, pages: SharedPages) {
    this.fd = fd;
    this.pages = pages;
  }

  /** The ring of one CPU for bpf_perf_event_output; a negative errno when the kernel refuses. */
  static forOutput(cpu: number): PerfRing | number {
    return PerfRing.open(PERF_TYPE.SOFTWARE, COUNT_SW_BPF_OUTPUT, -1, cpu);
  }

  /** The ring of a tracepoint as this thread hits it. */
  static forTracepoint(id: number): PerfRing | number {
    return PerfRing.open(PERF_TYPE.TRACEPOINT, BigInt(id), 0, -1);
  }

  private static open(type: number, config: bigint, pid: number, cpu: number): PerfRing | number {
    const attr = new DataView(new ArrayBuffer(ATTR_SIZE));
    attr.setUint32(0, type, true);
    attr.setUint32(4, ATTR_SIZE, true);
    attr.setBigUint64(8, config, true);
    attr.setBigUint64(16, 1n, true); // sample_period
    attr.setBigUint64(24, SAMPLE_RAW, true);
    attr.setUint32(48, 1, true); // wakeup_events
    const fd = syscall('perf_event_open', [new Uint8Array(attr.buffer), pid, cpu, -1, FLAG_FD_CLOEXEC]);
    if (fd < 0) return fd;
    const pages = mapShared(fd, (1 + DATA_PAGES) * pageSize(), 0, true);
    if (typeof pages === 'number') {
      closeFd(fd);
      return pages;
    }
    return new PerfRing(fd, pages);
  }

  /** Takes everything that is in the ring. */
  drain(): Drained {
    const head = this.pages.view.getBigUint64(DATA_HEAD, true);
    let lost = 0;
    const samples: Uint8Array[] = [];
    for (let tail = this.pages.view.getBigUint64(DATA_TAIL, true); tail < head; ) {
      const header = new DataView(this.at(tail, HEADER).buffer);
      const size = header.getUint16(6, true);
      const record = new DataView(this.at(tail, size).buffer);
      const type = header.getUint32(0, true);
      if (type === RECORD.LOST) lost += Number(record.getBigUint64(16, true));
      if (type === RECORD.SAMPLE) samples.push(new Uint8Array(record.buffer, 12, record.getUint32(8, true)));
      tail += BigInt(size);
      this.pages.view.setBigUint64(DATA_TAIL, tail, true);
    }
    return { samples, lost };
  }

  /** A copy of ring bytes, put together where they wrap. */
  private at(position: bigint, length: number): Uint8Array<ArrayBuffer> {
    const size = DATA_PAGES * pageSize();
    const start = Number(position % BigInt(size));
    const copy = new Uint8Array(length);
    const data = this.pages.bytes.subarray(pageSize(), pageSize() + size);
    const first = data.subarray(start, Math.min(size, start + length));
    copy.set(first);
    copy.set(data.subarray(0, length - first.length), first.length);
    return copy;
  }

  close(): void {
    this.pages.unmap();
    closeFd(this.fd);
  }
}
