/** Runs a live case on a backend and judges it: what was counted and captured, what maps hold, why frames were lost. */
import { ctxFromFields, type MapDump, PROG_TYPE, type ProgRunResult, type Refusal } from '../../engine/index.ts';
import type { Backend, LiveCaseReply, LiveCaseRequest } from '../backends/backend.ts';
import type { World } from '../backends/world-names.ts';
import { compare } from '../expect/expect.ts';
import { compareLiveCase } from '../expect/live.ts';
import { mismatchDifferences } from '../expect/mismatch-differences.ts';
import { DISAGREED } from '../expect/mismatch-words.ts';
import { errnoText } from '../format/errnos.ts';
import { plain } from '../format/sanitize.ts';
import { InputError } from '../input-error.ts';
import { factsOf } from '../live/state.ts';
import type { LiveEnd } from '../live/types.ts';
import { verdictCounts } from '../live/verdicts.ts';
import { whyLost } from '../live/why.ts';
import { mapChanges } from '../maps/changes.ts';
import type { LiveOutcome, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import type { SettledLive } from '../test-case-live.ts';

/** Frames kept of each place at least, for reports; more where a case looks at more. */
const CAPTURED = 4;
const NO_PACKET = new Uint8Array(64);

/** struct xdp_md: as given, else with the ingress device in it; null where nobody says anything. */
function contextOf({ ctx_in }: SettledCase, { ingress }: SettledLive, length: number): Uint8Array | null {
  if (ctx_in instanceof Uint8Array) return ctx_in;
  if (ctx_in === null && ingress === null) return null;
  const fields = { ...(ingress === null ? {} : { ingress_ifindex: ingress }), ...ctx_in?.json };
  const made = ctxFromFields(PROG_TYPE.XDP, fields, length);
  if (made.ok) return made.value;
  throw new InputError(`ctx_in: ${made.error.message}`);
}

/** Throws InputError for a context that cannot be made. */
function requestOf(one: SettledCase, live: SettledLive): LiveCaseRequest {
  const data_in = one.data_in ?? live.frames?.packets[0] ?? NO_PACKET;
  const { network, peers, batch_size, frames, sockets, faults } = live;
  const { time_ns, seed, cpus = 1 } = one.env;
  const wanted = (one.expect.live?.captured ?? []).map(({ index }) => index + 1);
  return {
    ...{
      path: one.object,
      program: one.program,
      network,
      peers,
      presets: one.presets,
      data_in,
      batch_size,
      sockets,
      cpus,
    },
    ...{ ctx_in: contextOf(one, live, data_in.length), repeat: one.repeat, rate: Infinity, running: true },
    capture: Math.max(CAPTURED, ...wanted),
    ...(frames === undefined ? {} : { frames }),
    ...(faults === undefined ? {} : { faults }),
    ...(seed === undefined ? {} : { seed }),
    ...(time_ns === undefined ? {} : { time_ns: BigInt(time_ns) }),
  };
}

/** The end of a live run in the form of an ordinary run's. */
function resultOf({ errno, fault, printk, records, sample }: LiveEnd): ProgRunResult {
  return {
    ...{
      errno,
      reason: errno === 0 ? '' : errnoText(errno),
      retval: null,
      duration_ns: Math.round(sample.report.ns_per_frame),
    },
    ...{ data_out: null, data_size_out: null, ctx_out: null, ctx_size_out: null, ctx_in_after: null },
    ...{ insns_executed: sample.report.insns_executed, printk, records, redirect: null, fault },
  };
}

/** `1,000 frames in 16 batches: 1,000 XDP_TX`, and what was lost that nobody asked for. */
function liveOutcome({ network }: SettledLive, end: LiveEnd, data_in: Uint8Array): LiveOutcome {
  const { report } = end.sample;
  const facts = factsOf({ network, data_in }, end.sample);
  const verdicts = verdictCounts(report.verdicts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count.toLocaleString('en-US')} ${name}`);
  const frames = `${report.frames.toLocaleString('en-US')} frame${report.frames === 1 ? '' : 's'}`;
  return {
    summary: `${frames}: ${verdicts.join(', ') || 'none was run'}`,
    lost: whyLost(facts)
      .filter(({ wanted }) => !wanted)
      .map(({ sentence, mend }) => ({ sentence: plain(sentence), mend: plain(mend) })),
    frame: null,
    report,
  };
}

function outcome(one: SettledCase, more: Pick<TestOutcome, 'verdict' | 'reason'> & Partial<TestOutcome>): TestOutcome {
  const nothing = { differences: [], refusal: null, result: null, maps: [], maps_before: [], took_ms: 0 };
  return { id: one.id, ...nothing, ...more };
}

function refused(one: SettledCase, refusal: Refusal): TestOutcome {
  const wanted = one.expect.errno;
  // What the kernel refuses before the first frame it refuses with an errno like any other.
  if (refusal.stage === 'run' && refusal.errno !== 0) {
    if (wanted === refusal.errno) return outcome(one, { verdict: 'pass', reason: '' });
    const expected = errnoText(typeof wanted === 'number' ? wanted : 0);
    const received = `${errnoText(refusal.errno)}: ${plain(refusal.message)}`;
    return outcome(one, { verdict: 'fail', reason: '', differences: [{ field: 'errno', at: '', expected, received }] });
  }
  const verdict = refusal.stage === 'unsupported' ? 'skip' : 'error';
  return outcome(one, { verdict, reason: plain(refusal.message), refusal });
}

function changesOf(world: World, maps: readonly MapDump[]): string[] {
  const own = world[0];
  return own === undefined ? [] : mapChanges(own.spec, [], maps);
}

function judged(one: SettledCase, live: SettledLive, end: LiveEnd, world: World, reply: LiveCaseReply): TestOutcome {
  const result = resultOf(end);
  const sent = one.data_in ?? NO_PACKET;
  const seen = { result, maps: end.maps, map_changes: changesOf(world, end.maps), live: liveOutcome(live, end, sent) };
  try {
    const found = compareLiveCase(one.expect.live ?? {}, live, end, sent, reply.unseen ?? []);
    const { live: _live, ...rest } = one.expect;
    const differences = [...compare({ ...one, expect: rest }, { result, world, maps: end.maps }), ...found.differences];
    if (differences.length === 0) return outcome(one, { ...seen, verdict: 'pass', reason: '', maps: [] });
    return outcome(one, {
      ...seen,
      verdict: 'fail',
      reason: '',
      differences,
      live: { ...seen.live, frame: found.frame },
    });
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return outcome(one, { ...seen, verdict: 'error', reason: thrown.message });
  }
}

/** A case of which the judge counted otherwise fails by that, too. */
function disagreed(came: TestOutcome, world: World, { mismatches = [], end }: LiveCaseReply): TestOutcome {
  if ((came.verdict !== 'pass' && came.verdict !== 'fail') || mismatches.length === 0) return came;
  const found = mismatchDifferences(mismatches, { world, type: PROG_TYPE.XDP, maps: end?.maps ?? [] });
  const reason = came.verdict === 'pass' ? DISAGREED : came.reason;
  return { ...came, verdict: 'fail', reason, differences: [...came.differences, ...found] };
}

/** Runs one live case with fresh maps; objects at devices must be open. */
export async function runLiveCase(
  one: SettledCase,
  live: SettledLive,
  world: World,
  backend: Backend,
): Promise<TestOutcome> {
  if (backend.live === undefined) {
    return outcome(one, { verdict: 'skip', reason: `the ${backend.name} backend has no live frames` });
  }
  let request: LiveCaseRequest;
  try {
    request = requestOf(one, live);
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return outcome(one, { verdict: 'error', reason: thrown.message });
  }
  const reply = await backend.live(request);
  const { end, refusal } = reply;
  if (end === null) return disagreed(refused(one, refusal!), world, reply);
  return disagreed(judged(one, live, end, world, reply), world, reply);
}
