/** The engine's public face: the only file of engine/ that src may import. */

export type { RunEnv } from './env.ts';
export { DEFAULT_ENV } from './env.ts';
export type { Refusal, Result, Where } from './errors.ts';
export { EngineBug } from './errors.ts';
export { type HelperNeed, objectNeeds, type ProgramNeeds, programNeeds } from './load/kernel-needs.ts';
export { loadObject } from './load/load-object.ts';
export type { LoadedObject, LoadedProgram, LoadOpts } from './load/types.ts';
export type { BpfMap } from './maps/map.ts';
export type { TraceCount, TraceEvent, TraceName, TraceTarget } from './net/live-trace.ts';
export type {
  CgroupSpec,
  DeviceSpec,
  NeighbourSpec,
  NetnsSpec,
  RouteSpec,
  SocketSpec,
} from './net/netns-spec.ts';
export {
  type DatasecVar,
  type DecodeOpts,
  datasecVars,
  decodeBtf,
  encodeBtf,
  type TypeMember,
  typeDeclaration,
  typeMembers,
  typeName,
  typeSize,
} from './object/btf-values.ts';
export { withExtension } from './object/extend.ts';
export type { KernelConfig } from './object/externs.ts';
export { type KernelSymbol, type KernelType, kernelSymbol, kernelType } from './object/kernel-types.ts';
export { type OpenOpts, openObject } from './object/open.ts';
export type {
  LineInfo,
  MapSpec,
  ObjectFile,
  ObjectSpec,
  ProgramSpec,
  StructOpsSpec,
} from './object/spec.ts';
export { contractOf, type RunContract, runnableTypes } from './run/contracts.ts';
export { COVERABLE, type InsnCounts, insnCounts } from './run/coverage.ts';
export { ctxFromFields, ctxToFields } from './run/ctx-fields.ts';
export { enterNetns, netnsProblem } from './run/netns.ts';
export { progRun } from './run/prog-run.ts';
export { runInsns } from './run/run-insns.ts';
export type {
  ArrivalCounts,
  ClonedPacket,
  Coverage,
  Decoded,
  Fault,
  MapDump,
  MapEntry,
  OutputRecord,
  ProgRunOpts,
  ProgRunResult,
  RedirectTarget,
  Trace,
  TraceAccess,
  TraceArg,
  TraceBranch,
  TraceCall,
  TraceOpts,
  TracePlace,
  TraceRegister,
  TraceStep,
  UserMemory,
} from './run/types.ts';
export { DEFAULT_BUDGET } from './run/types.ts';
export type { CapturedFrame, CaptureOpts } from './run/xdp-live/capture.ts';
export type { LinkSpec, NetnsName } from './run/xdp-live/devices.ts';
export type { LiveLook } from './run/xdp-live/look.ts';
export { openLive } from './run/xdp-live/open.ts';
export type { LiveFaults, LiveFrames, LiveOpts, SocketUse, TcAttachment, XdpAttachment } from './run/xdp-live/opts.ts';
export type { LiveCounters, LiveDeviceReport, LiveReport } from './run/xdp-live/report.ts';
export type { LiveOutput, LiveRun, LiveSpan } from './run/xdp-live/run.ts';
export {
  BPF_F_TEST_RUN_ON_CPU,
  BPF_F_TEST_SKB_CHECKSUM_COMPLETE,
  BPF_F_TEST_XDP_LIVE_FRAMES,
  BPF_PROG_RUN,
  BPF_PROG_TEST_RUN,
} from './uapi/bpf-commands.ts';
export { type CtxField, type CtxStruct, ctxStructOf, userCtxOf } from './uapi/contexts.ts';
export { disassemble } from './uapi/disasm.ts';
export { ERRNO, errnoName } from './uapi/errno.ts';
export { helpersOf } from './uapi/helper-access.ts';
export { helperName } from './uapi/helper-names.ts';
export { helperSince, mapTypeSince, progRunSince, progTypeSince, SINCE } from './uapi/kernel-versions.ts';
export { MAP_FLAG, MAP_TYPE } from './uapi/map-types.ts';
export { PROG_TYPE } from './uapi/prog-types.ts';
