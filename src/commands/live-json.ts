/** What `live --json` prints: an object a line for every interval, and the summary; their fields are an interface that others build on. */
import { errnoName, type LiveReport } from '../../engine/index.ts';
import { errorsOf, type LiveInterval, xmitOf } from '../live/interval.ts';
import type { LiveEnd } from '../live/types.ts';
import { verdictCounts } from '../live/verdicts.ts';
import { type LiveFacts, whyLost } from '../live/why.ts';
import type { LiveInput } from './live-job.ts';
import { faultJson, mapJson } from './run-json.ts';

/** Tracepoints whose code is an errno; of the others it is an XDP verdict or a drop reason. */
function tracepointJson({ name, code, count, last, targets = [] }: LiveReport['tracepoints'][number]): object {
  const isErrno = name.startsWith('xdp_') && name !== 'xdp_exception';
  const errno = isErrno && code !== 0 ? -code : 0;
  return { name, errno, errno_name: errno === 0 ? null : errnoName(code), code, count, last, targets };
}

function countsJson(report: LiveReport): object {
  const { frames, batches, verdicts, page_pool, tracepoints, devices, stacks, xsk, cpumap } = report;
  const named = Object.fromEntries(verdictCounts(verdicts));
  const counts = { frames, batches, verdicts: named, page_pool, tracepoints: tracepoints.map(tracepointJson), devices };
  return { ...counts, stacks, ...(cpumap === undefined ? {} : { cpumap }), xsk };
}

function lossesJson(facts: LiveFacts): object[] {
  return whyLost(facts).map(({ row, count, wanted, device, sentence, mend }) => ({
    ...{ what: row, count, wanted, device, why: sentence, mend },
  }));
}

export function intervalJson({ seconds, report }: LiveInterval): object {
  const pps = Math.round(report.frames / seconds);
  return { type: 'interval', seconds, pps, errors: errorsOf(report), xmit: xmitOf(report), ...countsJson(report) };
}

export function summaryJson(input: LiveInput, end: LiveEnd, facts: LiveFacts): object {
  const { report } = end.sample;
  const ns = report.ns_per_frame;
  return {
    ...{ type: 'summary', program: input.request.program, ingress: input.ingress, backend: input.backend },
    ...{ errno: end.errno, errno_name: end.errno === 0 ? null : errnoName(end.errno), stopped: end.stopped },
    ...countsJson(report),
    ...{ lost: lossesJson(facts), maps: end.maps.map((dump) => mapJson(input.spec, dump)) },
    ...{ ns_per_frame: ns, mpps: ns === 0 ? 0 : 1000 / ns, insns_executed: report.insns_executed },
    ...{ printk: end.printk, fault: end.fault === null ? null : faultJson(end.fault) },
  };
}
