/** What a run did to the packet, by header field, for people. */
import { PROG_TYPE, type ProgRunResult } from '../../engine/index.ts';
import { plain } from '../format/sanitize.ts';
import type { Style } from '../format/style.ts';
import { diffPackets, type LayerChange } from '../packet/diff.ts';
import { dissect } from '../packet/dissect.ts';
import type { Layer } from '../packet/layers.ts';

const ETH_HLEN = 14;

/** Types whose packets begin at the network header: data_out has 14 zero bytes in place of the Ethernet header. */
const NETWORK_LAYER: ReadonlySet<number> = new Set<number>([
  PROG_TYPE.SOCKET_FILTER,
  PROG_TYPE.CGROUP_SKB,
  PROG_TYPE.LWT_IN,
  PROG_TYPE.LWT_OUT,
  PROG_TYPE.LWT_XMIT,
]);

function layersText(bytes: Uint8Array): string {
  const names = dissect(bytes).map((layer) => layer.proto);
  return names.filter((name) => name !== 'payload' && name !== 'padding').join(' ▸ ');
}

function layerText(layer: Layer | null): string {
  if (layer === null) return '';
  return plain(layer.summary === '' ? `${layer.end - layer.start} bytes` : layer.summary);
}

function changeLines(change: LayerChange, style: Style): string[] {
  const name = change.proto;
  if (change.kind === 'same') return [];
  if (change.kind === 'added') return [style.green(`+ ${name}  ${layerText(change.after)}`)];
  if (change.kind === 'removed') return [style.red(`- ${name}  ${layerText(change.before)}`)];
  if (change.fields.length === 0) return [`~ ${name}`];
  return change.fields.map((field) => {
    const at = field.name === 'bytes' ? name : `${name}.${field.name}`;
    const [before, after] = [field.before ?? '(absent)', field.after ?? '(absent)'].map(plain);
    return `~ ${at}  ${style.red(before!)} → ${style.green(after!)}`;
  });
}

/** Lines of what changed; one line that says so when nothing did; none when there was no packet. */
export function packetReport(type: number, sent: Uint8Array | null, result: ProgRunResult, style: Style): string[] {
  const got = result.data_out;
  if (sent === null || got === null) return [];
  if (result.data_size_out !== null && result.data_size_out > got.length) {
    return [`${got.length} of ${result.data_size_out} bytes, more did not fit`];
  }
  const skipsEthernet = NETWORK_LAYER.has(type);
  const diff = skipsEthernet
    ? diffPackets(sent.subarray(ETH_HLEN), got.subarray(ETH_HLEN), ipOptions(sent))
    : diffPackets(sent, got);
  if (diff.equal) return [`${got.length} bytes, unchanged${suffix(layersText(sent), style)}`];
  const size = sent.length === got.length ? `${got.length} bytes` : `${sent.length} → ${got.length} bytes`;
  return [
    `${size}${suffix(skipsEthernet ? '' : layersText(got), style)}`,
    ...diff.layers.flatMap((l) => changeLines(l, style)),
  ];
}

function suffix(layers: string, style: Style): string {
  return layers === '' ? '' : `  ${style.dim(layers)}`;
}

/** How to read a packet without its Ethernet header: by the version its first byte says. */
function ipOptions(sent: Uint8Array): { before: { first: 'ipv4' | 'ipv6' }; after: { first: 'ipv4' | 'ipv6' } } {
  const first = (sent[ETH_HLEN] ?? 0) >> 4 === 6 ? 'ipv6' : 'ipv4';
  return { before: { first }, after: { first } };
}
