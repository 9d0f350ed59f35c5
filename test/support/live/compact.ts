/** Outcomes of live scenarios in few words, so that they can be recorded, read and compared: runs of equal things as `what xN`. */
import type { Outcome, Scenario } from './scenario.ts';

/** The byte that programs look at. */
const VALUE_AT = 50;
/** Kinds of events in a row that are looked at in their order: the first batches of every scenario. */
const ORDER_MAX = 60;

export interface Compact {
  readonly errno: number;
  readonly events: Readonly<Record<string, number>>;
  readonly devices: Readonly<Record<string, number>>;
  /** Of the far end, the devmap's, the cpumap's and tc's program, where they ran. */
  readonly visits: readonly string[];
  readonly order: readonly string[];
  /** Pages by order of first sight, what was in them, and the bounds that the program saw. */
  readonly pages: string;
  readonly values: string;
  readonly bounds: readonly string[];
}

function runs(items: readonly string[]): string[] {
  const out: { text: string; count: number }[] = [];
  for (const text of items) {
    const last = out.at(-1);
    if (last?.text === text) last.count++;
    else out.push({ text, count: 1 });
  }
  return out.map(({ text, count }) => (count === 1 ? text : `${text} x${count}`));
}

/** `0-63 63-0 5 5`: ascending, descending and single pages. */
function ranges(pages: readonly number[]): string {
  const out: string[] = [];
  for (let i = 0; i < pages.length; ) {
    const step = (pages[i + 1] ?? Number.NaN) - pages[i]!;
    let end = i;
    if (Math.abs(step) === 1) while (pages[end + 1]! - pages[end]! === step) end++;
    out.push(end - i > 1 ? `${pages[i]}-${pages[end]}` : `${pages[i]}`);
    i = end - i > 1 ? end + 1 : i + 1;
  }
  return runs(out).join(' ');
}

function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function compact(outcome: Outcome): Compact {
  const visits = outcome.visits.flatMap((visit, who) => {
    const fields = Object.entries(visit).map(([name, value]) => `${name} ${value}`);
    return visit.count === 0 ? [] : [`${['far end', 'devmap', 'cpumap'][who]}: ${fields.join(', ')}`];
  });
  if (outcome.came !== null) {
    visits.push(
      `tc: ${Object.entries(outcome.came)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ')}`,
    );
  }
  return {
    ...{ errno: outcome.errno, events: sorted(outcome.events), devices: sorted(outcome.devices), visits },
    // What a hold or release counts is its own number.
    order: runs(outcome.order.map((line) => line.replace(/^(page_pool_state_\w+) .*/, '$1'))).slice(0, ORDER_MAX),
    pages: ranges(outcome.seen.map((one) => one.page)),
    values: runs(outcome.seen.map((one) => `${one.value}`)).join(' '),
    bounds: runs(
      outcome.seen.map((one) => {
        return `offset ${one.offset} length ${one.length} meta ${one.meta} ingress ${one.ingress} rc ${one.rc}`;
      }),
    ),
  };
}

/** Whether another CPU has a part in it: then only sums are the same every time. */
export function isScheduled(scenario: Scenario): boolean {
  return (scenario.cpus?.length ?? 0) > 0;
}

/** Of a queue that runs full: how many frames it was given, whatever it took of them. */
function asked({ errno, events }: Compact): Partial<Compact> {
  const xmit = (events['xdp_devmap_xmit.sent'] ?? 0) + (events['xdp_devmap_xmit.drops'] ?? 0);
  const enqueued = events['xdp_cpumap_enqueue.processed'] ?? 0;
  return { errno, events: { xdp_redirect: events.xdp_redirect ?? 0, 'asked.xmit': xmit, 'asked.enqueued': enqueued } };
}

/** What must be equal: everything, or of a scenario that another CPU has a part in what does not depend on when that CPU runs. */
export function comparable(scenario: Scenario, outcome: Compact): Partial<Compact> {
  if ((scenario.globals.head ?? 0) < -VALUE_AT) {
    // Byte 50 lies in headroom that nobody wrote: in the kernel, whatever the page held before.
    return { ...outcome, visits: outcome.visits.map((visit) => visit.replace(/, value \d+/, '')) };
  }
  if (scenario.overflows) return asked(outcome);
  if (!isScheduled(scenario)) return outcome;
  const timed = /^(page_pool|mem_disconnect|xdp_cpumap_kthread$)/;
  return {
    ...{ errno: outcome.errno, devices: outcome.devices, bounds: outcome.bounds },
    events: Object.fromEntries(Object.entries(outcome.events).filter(([name]) => !timed.test(name))),
    visits: outcome.visits.map((visit) => visit.replace(/, value \d+/, '')),
  };
}

/** Without sums and order, which a run that only counts does not know. */
export function countedOnly(outcome: Partial<Compact>): Partial<Compact> {
  const { order: _order, ...rest } = outcome;
  return {
    ...rest,
    events: Object.fromEntries(Object.entries(rest.events ?? {}).filter(([name]) => !name.includes('.'))),
  };
}
