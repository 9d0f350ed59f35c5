/** What only some program types leave behind: flow keys, the caller's memory, copies sent off. */
import { ctxToFields, PROG_TYPE, type ProgRunResult, type UserMemory } from '../../engine/index.ts';
import { valueChanges, valueText } from '../format/values.ts';
import { toHex } from '../packet/hex.ts';

const AF = { ip: 0x0800, ipv6: 0x86dd };
const BYTES_SHOWN = 48;

/** Flow keys of a dissected packet by name, without those of the other family and what is 0. */
export function flowKeyLines(type: number, { data_out }: ProgRunResult): string[] {
  if (type !== PROG_TYPE.FLOW_DISSECTOR || data_out === null) return [];
  const keys = ctxToFields(type, data_out) as { readonly [name: string]: number | readonly number[] };
  const other = keys.addr_proto === AF.ipv6 ? 'ipv4_' : 'ipv6_';
  const shown = Object.entries(keys).filter(([name]) => keys.addr_proto === 0 || !name.startsWith(other));
  return valueChanges({}, Object.fromEntries(shown) as never)
    .filter(({ after }) => after !== undefined && ![after].flat().every((one) => one === 0))
    .map(({ path, after }) => `${path.replace(/^\./, '')} ${valueText(after!)}`);
}

/** Memory that the program changed, address by address. */
export function memoryLines(before: readonly UserMemory[] = [], after: readonly UserMemory[] = []): string[] {
  return after.flatMap(({ address, bytes }, i) => {
    const [was, is] = [toHex(before[i]?.bytes ?? new Uint8Array(0)), toHex(bytes)];
    return was === is ? [] : [`0x${address.toString(16)}  ${was} → ${is}`];
  });
}

/** Where copies of the packet would have gone. */
export function cloneLines({ clones = [] }: ProgRunResult): string[] {
  return clones.map(({ ifindex, ingress, data }) => {
    const start = toHex(data.subarray(0, BYTES_SHOWN));
    const more = data.length > BYTES_SHOWN ? '…' : '';
    return `to ${ingress ? 'the stack of ' : ''}ifindex ${ifindex}, ${data.length} bytes  ${start}${more}`;
  });
}
