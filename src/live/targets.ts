/** The targets of a tracepoint's events: which device, map or CPU they were about, told apart where the backend tells them apart. */
import type { LiveReport } from '../../engine/index.ts';

export type Tracepoint = LiveReport['tracepoints'][number];

export interface Target {
  /** Stable while the run goes on, and another one for every tracepoint, code and target. */
  readonly key: string;
  readonly count: number;
  /** Fields of the last event. */
  readonly last: Readonly<Record<string, number>>;
}

/** Fields that name the target. */
const FIELDS: Readonly<Partial<Record<Tracepoint['name'], readonly string[]>>> = {
  xdp_redirect: ['to_ifindex', 'map_id'],
  xdp_redirect_err: ['to_ifindex', 'map_id'],
  xdp_exception: ['ifindex'],
  xdp_devmap_xmit: ['to_ifindex'],
  xdp_bulk_tx: ['ifindex'],
  xdp_cpumap_enqueue: ['map_id', 'to_cpu'],
  xdp_cpumap_kthread: ['map_id'],
  netif_receive_skb: ['ifindex'],
  kfree_skb: ['ifindex'],
};

type Row = NonNullable<Tracepoint['targets']>[number];

function targetKey(name: Tracepoint['name'], { last, others }: Row): string {
  return others ? 'others' : (FIELDS[name] ?? []).map((field) => last[field]).join(' ');
}

/** One for all where targets are not told apart. */
export function targetsOf({ name, code, count, last, targets }: Tracepoint): Target[] {
  const kind = `${name} ${code}`;
  if (targets === undefined) return [{ key: kind, count, last }];
  return targets.map((row) => ({ key: `${kind} ${targetKey(name, row)}`, count: row.count, last: row.last }));
}

/** What came since an earlier count of the same kind; null: nothing. */
export function tracepointMinus(now: Tracepoint, then: Tracepoint | undefined): Tracepoint | null {
  if (then === undefined) return now;
  const count = now.count - then.count;
  if (count === 0) return null;
  const { name, targets } = now;
  if (targets === undefined) return { ...now, count };
  const old = new Map((then.targets ?? []).map((row) => [targetKey(name, row), row.count]));
  const rows = targets.map((row) => ({ ...row, count: row.count - (old.get(targetKey(name, row)) ?? 0) }));
  return { ...now, count, targets: rows.filter((row) => row.count > 0) };
}
