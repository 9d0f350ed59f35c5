/** What the running kernel supports, by trying, beside the version of the kernel that each feature came with. */
import {
  errnoName,
  helperName,
  helperSince,
  helpersOf,
  MAP_TYPE,
  mapTypeSince,
  PROG_TYPE,
  progRunSince,
  progTypeSince,
  SINCE,
} from '../../../engine/index.ts';
import { type MapTrial, tryMapType } from './feature-maps.ts';
import { type ProgTrial, tryHelpers, tryLiveFrames, tryProgType } from './feature-progs.ts';
import { missingAlthough } from './release.ts';
import { type Forbidden, missingCapabilities, whyForbidden } from './rights.ts';

export interface Feature {
  /** null: could not be tried. */
  readonly supported: boolean | null;
  /** First kernel with it, as `5.18`; null when none has it or that is not known. */
  readonly since: string | null;
  /** What there is to say of its absence, '' for nothing. */
  readonly note: string;
}

export interface MissingHelper {
  readonly name: string;
  /** First kernel with the helper; null where this kernel has it for other types: since when a type may call it is not known. */
  readonly since: string | null;
  readonly note: string;
}

export interface ProgTypeFeatures {
  readonly type: string;
  readonly load: Feature;
  /** BPF_PROG_RUN. */
  readonly run: Feature;
  /** Names of all helpers that programs of the type may call. */
  readonly helpers: readonly string[];
  /** Those which the newest known kernel gives the type and this one does not; none where that is not known. */
  readonly missing_helpers: readonly MissingHelper[];
}

export interface MapTypeFeatures {
  readonly type: string;
  readonly create: Feature;
}

export interface KernelFeatures {
  readonly prog_types: readonly ProgTypeFeatures[];
  readonly map_types: readonly MapTypeFeatures[];
  /** BPF_F_TEST_XDP_LIVE_FRAMES. */
  readonly live_frames: Feature;
  /** Why some of it is not permitted (EPERM); null where everything that was tried is. */
  readonly forbidden: Forbidden | null;
}

const NOT_PERMITTED = 'not permitted (EPERM)';

function feature(supported: boolean | null, since: string | null, said = ''): Feature {
  if (supported === true) return { supported, since, note: '' };
  if (supported === null) return { supported, since, note: said === 'EPERM' ? NOT_PERMITTED : said };
  return { supported, since, note: [missingAlthough(since), said].filter(Boolean).join('; ') };
}

/** The verifier's last line that says something, else the errno. */
function saidOf({ log, errno }: ProgTrial): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('processed '));
  return lines.at(-1)?.trim() ?? (errno === 0 ? '' : errnoName(errno));
}

/** A type with what trying it showed: helpers that it may call, by number. */
interface Tried {
  readonly name: string;
  readonly type: number;
  readonly trial: ProgTrial;
  readonly can: ReadonlySet<number>;
}

function tried([name, type]: [name: string, type: number]): Tried {
  const trial = tryProgType(type);
  return { name, type, trial, can: trial.loads === true ? tryHelpers(type) : new Set() };
}

/** Types that a new enough kernel may be built without, by the option. */
const OPTIONS: Readonly<Record<number, string>> = {
  ...{ [PROG_TYPE.KPROBE]: 'BPF_EVENTS', [PROG_TYPE.TRACEPOINT]: 'BPF_EVENTS', [PROG_TYPE.PERF_EVENT]: 'BPF_EVENTS' },
  ...{ [PROG_TYPE.CGROUP_SKB]: 'CGROUP_BPF', [PROG_TYPE.CGROUP_SOCK]: 'CGROUP_BPF' },
  ...{ [PROG_TYPE.CGROUP_DEVICE]: 'CGROUP_BPF', [PROG_TYPE.CGROUP_SOCK_ADDR]: 'CGROUP_BPF' },
  ...{ [PROG_TYPE.CGROUP_SYSCTL]: 'CGROUP_BPF', [PROG_TYPE.CGROUP_SOCKOPT]: 'CGROUP_BPF' },
  ...{ [PROG_TYPE.LWT_IN]: 'LWTUNNEL_BPF', [PROG_TYPE.LWT_OUT]: 'LWTUNNEL_BPF', [PROG_TYPE.LWT_XMIT]: 'LWTUNNEL_BPF' },
  ...{ [PROG_TYPE.LWT_SEG6LOCAL]: 'IPV6_SEG6_BPF', [PROG_TYPE.LIRC_MODE2]: 'BPF_LIRC_MODE2' },
  ...{ [PROG_TYPE.TRACING]: 'DEBUG_INFO_BTF', [PROG_TYPE.EXT]: 'DEBUG_INFO_BTF' },
  ...{ [PROG_TYPE.STRUCT_OPS]: 'DEBUG_INFO_BTF', [PROG_TYPE.LSM]: 'BPF_LSM' },
  [PROG_TYPE.NETFILTER]: 'NETFILTER_BPF_LINK',
};

function loadFeature({ type, trial }: Tried): Feature {
  const { loads, forbidden } = trial;
  const option = OPTIONS[type];
  const built = loads === false && option !== undefined ? `needs CONFIG_${option}` : '';
  const known = feature(loads, progTypeSince(type), [built, saidOf(trial)].filter(Boolean).join('; '));
  return loads === true && forbidden.length > 0
    ? { ...known, note: `${forbidden.join(', ')}: ${NOT_PERMITTED}` }
    : known;
}

/** `anywhere`: helpers that any type may call here. What this process may not call need not be missing. */
function progFeatures(one: Tried, anywhere: ReadonlySet<number>, lacks: boolean): ProgTypeFeatures {
  const { name, type, trial, can } = one;
  const wanted = trial.loads === true && can.size > 0 ? [...(helpersOf(type) ?? [])] : [];
  const missing = wanted.filter((id) => !can.has(id)).toSorted((a, b) => a - b);
  return {
    type: name,
    load: loadFeature(one),
    run: feature(trial.runs, progRunSince(type)),
    helpers: [...can].toSorted((a, b) => a - b).map(helperName),
    missing_helpers: missing.map((id) => {
      const since = anywhere.has(id) ? null : helperSince(id);
      return { name: helperName(id), since, note: lacks ? '' : (missingAlthough(since) ?? '') };
    }),
  };
}

function mapFeatures(name: string, type: number): MapTypeFeatures {
  const { supported, errno }: MapTrial = tryMapType(type);
  return { type: name, create: feature(supported, mapTypeSince(type), errno === 0 ? '' : errnoName(errno)) };
}

function typesOf(table: Readonly<Record<string, number>>): [name: string, type: number][] {
  return Object.entries(table).filter(([, type]) => type !== 0);
}

/** Tries everything: some 7,000 programs of two or three instructions and 33 maps, all closed again at once. */
export function kernelFeatures(): KernelFeatures {
  const types = typesOf(PROG_TYPE).map(tried);
  const anywhere = new Set(types.flatMap(({ can }) => [...can]));
  const maps = typesOf(MAP_TYPE).map(([name, type]) => mapFeatures(name, type));
  const forbidden =
    types.some(({ trial }) => trial.forbidden.length > 0) || maps.some(({ create }) => create.supported === null);
  const lacks = missingCapabilities().length > 0;
  return {
    prog_types: types.map((one) => progFeatures(one, anywhere, lacks)),
    map_types: maps,
    live_frames: feature(tryLiveFrames(), SINCE.LIVE_FRAMES),
    forbidden: forbidden ? whyForbidden() : null,
  };
}
