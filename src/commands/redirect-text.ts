/** Where a redirect would send the packet, in words. */
import { MAP_TYPE, type ObjectSpec, type RedirectTarget } from '../../engine/index.ts';
import { plain } from '../format/sanitize.ts';

/** Low bits of redirect_map's flags: what to return where the map has no entry. */
const MISS_ACTION = 3;
const MAP_FLAGS: readonly (readonly [number, string])[] = [
  [8, 'BPF_F_BROADCAST'],
  [16, 'BPF_F_EXCLUDE_INGRESS'],
];
const FLAGS: readonly (readonly [number, string])[] = [[1, 'BPF_F_INGRESS']];

function flagText(redirect: RedirectTarget): string {
  const [shown, known] = redirect.map === null ? [redirect.flags, FLAGS] : [redirect.flags & ~MISS_ACTION, MAP_FLAGS];
  const names = known.filter(([bit]) => (shown & bit) !== 0).map(([, name]) => name);
  const rest = known.reduce((left, [bit]) => left & ~bit, shown) >>> 0;
  return [...names, ...(rest === 0 ? [] : [`flags 0x${rest.toString(16)}`])].map((one) => `, ${one}`).join('');
}

/** `ifindex 7, entry 3 of tx_ports (bpf_redirect_map)`. */
export function redirectText(redirect: RedirectTarget, spec: ObjectSpec): string {
  const type = spec.maps.find((m) => m.name === redirect.map)?.type;
  const unit = type === MAP_TYPE.CPUMAP ? 'CPU' : type === MAP_TYPE.XSKMAP ? 'the AF_XDP socket of queue' : 'ifindex';
  const how = `(${redirect.helper}${flagText(redirect)})`;
  if (redirect.target === null) return `every device of ${plain(redirect.map ?? '?')} ${how}`;
  const from = redirect.map === null ? '' : `, entry ${redirect.key} of ${plain(redirect.map)}`;
  return `${unit} ${redirect.target}${from} ${how}`;
}
