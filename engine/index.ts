/** The engine's public face: the only file of engine/ that src may import. */

export type { RunEnv } from './env.ts';
export { DEFAULT_ENV } from './env.ts';
export type { Refusal, Result, Where } from './errors.ts';
export type {
  LineInfo,
  MapSpec,
  ObjectFile,
  ObjectSpec,
  ProgramSpec,
} from './object/spec.ts';
export type {
  Decoded,
  Fault,
  MapDump,
  MapEntry,
  OutputRecord,
  ProgRunOpts,
  ProgRunResult,
  RedirectTarget,
} from './run/types.ts';
export { DEFAULT_BUDGET } from './run/types.ts';
export { ERRNO, errnoName } from './uapi/errno.ts';
export { MAP_TYPE } from './uapi/map-types.ts';
export { PROG_TYPE } from './uapi/prog-types.ts';
