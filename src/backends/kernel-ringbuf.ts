/** Records of a BPF ring buffer, read from its mapped pages (kernel/bpf/ringbuf.c: producer position, then the data twice). */
import type { OutputRecord } from '../../engine/index.ts';
import type { KernelMap } from './kernel-maps.ts';
import { mapShared, pageSize } from './kernel-mmap.ts';

const HEADER = 8;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;

/** What user space would read since the map was made; nothing is consumed. */
export function ringbufRecords(map: KernelMap, cpu: number): OutputRecord[] {
  const page = pageSize();
  const pages = mapShared(map.fd, page + 2 * map.max_entries, page, false);
  if (typeof pages === 'number') return [];
  const records: OutputRecord[] = [];
  const end = Number(pages.view.getBigUint64(0, true));
  for (let at = 0; at < end; ) {
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
  pages.unmap();
  return records;
}
