/** Records of a BPF ring buffer, read from its mapped pages (kernel/bpf/ringbuf.c: producer position, then the data twice). */
import type { OutputRecord } from '../../../engine/index.ts';
import type { KernelMap } from './maps.ts';
import { mapShared, pageSize } from './mmap.ts';

const HEADER = 8;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;

/** What user space reads: everything since the last look, which is thereby consumed. */
export function ringbufRecords(map: KernelMap, cpu: number): OutputRecord[] {
  const page = pageSize();
  const pages = mapShared(map.fd, page + 2 * map.max_entries, page, false);
  if (typeof pages === 'number') return [];
  const consumer = mapShared(map.fd, page, 0, true);
  if (typeof consumer === 'number') {
    pages.unmap();
    return [];
  }
  const records: OutputRecord[] = [];
  const end = Number(pages.view.getBigUint64(0, true));
  let at = Number(consumer.view.getBigUint64(0, true));
  while (at < end) {
    const start = page + (at & (map.max_entries - 1));
    const header = pages.view.getUint32(start, true);
    if ((header & BUSY) !== 0) break;
    const length = header & ~(BUSY | DISCARDED);
    if ((header & DISCARDED) === 0) {
      const data = pages.bytes.slice(start + HEADER, start + HEADER + length);
      records.push({ map: map.spec.name, kind: 'ringbuf', cpu, data });
    }
    at += Math.ceil((length + HEADER) / 8) * 8;
  }
  consumer.view.setBigUint64(0, BigInt(at), true);
  consumer.unmap();
  pages.unmap();
  return records;
}
