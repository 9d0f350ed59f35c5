/** The one JSON object that `run --json` prints: its fields are an interface that others build on. */
import { ctxToFields, errnoName, type Fault, type MapDump, type ObjectSpec } from '../../engine/index.ts';
import { mapTypeName, progTypeName } from '../format/prog-types.ts';
import { toJson } from '../format/values.ts';
import { retvalName } from '../format/verdicts.ts';
import { decodeMapKey, decodeMapValue } from '../maps/json.ts';
import { toHex } from '../packet/hex.ts';
import { errorJson } from './error-json.ts';
import { ownerOfDump, type RunDone } from './run-done.ts';
import { contextAfter } from './run-outputs.ts';

export function faultJson(fault: Fault): object {
  return {
    kind: fault.kind,
    message: fault.message,
    section: fault.section ?? null,
    insn: fault.insn,
    file: fault.file ?? null,
    line: fault.line ?? null,
    source: fault.source === '' ? null : fault.source,
  };
}

export function mapJson(spec: ObjectSpec, dump: MapDump): object {
  return {
    name: dump.name,
    type: mapTypeName(dump.type),
    entries: dump.entries.map((entry, i) => ({
      key: toJson(decodeMapKey(spec, dump, entry)),
      value: toJson(decodeMapValue(spec, dump, entry, dump.refs?.[i] ?? null)),
      key_hex: toHex(entry.key),
      value_hex: toHex(entry.value),
    })),
  };
}

function hexOrNull(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : toHex(bytes);
}

/** Plain data for JSON.stringify; what the run did not give is null. With a judge also its answer, and where they differ. */
export function runJson(done: RunDone): object {
  return { ...replyJson(done), ...judgedJson(done) };
}

/** The judge's answer to a run, or to one that was refused; no fields without a judge. */
export function judgedJson(done: RunDone): object {
  const { judged } = done;
  if (judged === null) return {};
  const kernel = { ...done, backend: 'kernel', reply: judged.reply, judged: null, traced: null } as const;
  const { refusal } = judged.reply;
  return {
    kernel: refusal === null ? replyJson(kernel) : errorJson(done.program, refusal, judged.reply.log),
    mismatch: judged.mismatches,
  };
}

function replyJson(done: RunDone): object {
  const { input, spec, type, reply } = done;
  const result = reply.result!;
  const context = input.ctx_in !== null || input.ctx !== null || input.ctx_out !== null ? contextAfter(done) : null;
  const program = spec.programs.find((p) => p.name === done.program);
  return {
    program: done.program,
    type: progTypeName(type),
    backend: done.backend,
    errno: result.errno,
    errno_name: result.errno === 0 ? null : errnoName(result.errno),
    retval: result.retval,
    retval_name: result.retval === null ? null : retvalName(type, result.retval) || null,
    redirect: result.redirect,
    duration_ns: result.duration_ns,
    repeat: Math.max(input.opts.repeat ?? 1, 1),
    insns: (program?.insns.length ?? 0) / 8,
    insns_executed: done.backend === 'kernel' ? null : toJson(result.insns_executed),
    data_out: hexOrNull(result.data_out),
    data_size_out: result.data_size_out,
    ctx_out: context === null ? null : toJson(ctxToFields(type, context)),
    ctx_out_hex: hexOrNull(context),
    maps: reply.maps.map((dump) => mapJson(ownerOfDump(done, dump.name), dump)),
    printk: result.printk,
    records: result.records.map(({ map, kind, cpu, data }) => ({ map, kind, cpu, data: toHex(data) })),
    ...(result.user_memory_after === undefined
      ? {}
      : { memory: result.user_memory_after.map(({ address, bytes }) => [`0x${address.toString(16)}`, toHex(bytes)]) }),
    ...(result.clones === undefined
      ? {}
      : { clones: result.clones.map(({ ifindex, ingress, data }) => ({ ifindex, ingress, data: toHex(data) })) }),
    fault: result.fault === null ? null : faultJson(result.fault),
    ...(input.why ? { why: done.traced?.why ?? null } : {}),
  };
}
