/** A first live case for an XDP program that redirects: two devices, as many frames as the page pool begins with, and what came of them. */
import { ctxFromFields, MAP_TYPE, type ObjectSpec, PROG_TYPE, type ProgramSpec } from '../../engine/index.ts';
import type { Backend } from '../backends/backend.ts';
import { parseDevice } from '../live/devices.ts';
import { liveNetwork } from '../live/network.ts';
import { verdictCounts } from '../live/verdicts.ts';

const INSN = 8;
const CALL = 0x85;
/** bpf_redirect, bpf_redirect_map */
const REDIRECTS: ReadonlySet<number> = new Set([23, 51]);
const DEVICES: ReadonlySet<number> = new Set([MAP_TYPE.DEVMAP, MAP_TYPE.DEVMAP_HASH]);
const FRAMES = 64;
const INGRESS = 2;
const TARGET = 3;

function redirects({ type, insns, error }: ProgramSpec): boolean {
  if (type !== PROG_TYPE.XDP || error !== null) return false;
  const view = new DataView(insns.buffer, insns.byteOffset, insns.length);
  for (let at = 0; at < insns.length; at += INSN) {
    const isHelper = view.getUint8(at) === CALL && view.getUint8(at + 1) >> 4 === 0;
    if (isHelper && REDIRECTS.has(view.getInt32(at + 4, true))) return true;
  }
  return false;
}

/** Devmaps that the program names, with the second device under key 0. */
function deviceMaps(spec: ObjectSpec, program: ProgramSpec): { readonly [map: string]: unknown } {
  const named = new Set(program.relocs.map((reloc) => reloc.name));
  const maps = spec.maps.filter(({ type, name }) => DEVICES.has(type) && named.has(name));
  return Object.fromEntries(maps.map(({ name }) => [name, { 0: { ifindex: TARGET } }]));
}

/** The case's fields without its packet; null where there is nothing to show. */
export async function liveCase(
  spec: ObjectSpec,
  program: ProgramSpec,
  packet: Uint8Array,
  backend: Backend,
): Promise<{ readonly [field: string]: unknown } | null> {
  if (!redirects(program) || backend.live === undefined) return null;
  const devices = { veth0: { peer_xdp: 'drop' }, veth1: { ifindex: TARGET, peer_xdp: 'drop' } };
  const network = liveNetwork(
    [`veth0:ifindex=${INGRESS},peer_xdp=drop`, `veth1:ifindex=${TARGET},peer_xdp=drop`].map((one) => parseDevice(one)),
    {},
  );
  const maps = deviceMaps(spec, program);
  const ctx = ctxFromFields(PROG_TYPE.XDP, { ingress_ifindex: INGRESS }, packet.length);
  const { end } = await backend.live({
    ...{
      path: spec.path,
      program: program.name,
      network,
      peers: [],
      data_in: packet,
      ctx_in: ctx.ok ? ctx.value : null,
    },
    presets: Object.entries(maps).map(([map, content]) => ({ map, content })),
    ...{ repeat: FRAMES, batch_size: 0, rate: Infinity, cpus: 1, capture: 0, running: true },
  });
  if (end === null || end.errno !== 0 || end.fault !== null) return null;
  const { verdicts, devices: counted } = end.sample.report;
  const seen = verdictCounts(verdicts).filter(([, count]) => count > 0);
  const sent = counted.filter(({ netns, xdp_xmit }) => netns === 'near' && xdp_xmit > 0);
  return {
    ...(Object.keys(maps).length > 0 ? { maps } : {}),
    ...{ repeat: FRAMES, live: { devices } },
    expect: {
      verdicts: Object.fromEntries(seen),
      ...(sent.length > 0
        ? { devices: Object.fromEntries(sent.map(({ name, xdp_xmit }) => [name, { xdp_xmit }])) }
        : {}),
    },
  };
}
