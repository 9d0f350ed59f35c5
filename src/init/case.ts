/** First cases for an object: each program on one packet as it answers now, and its maps with their types filled in. */
import {
  type Decoded,
  decodeBtf,
  MAP_TYPE,
  type MapSpec,
  type ObjectSpec,
  PROG_TYPE,
  type ProgramSpec,
} from '../../engine/index.ts';
import type { Backend, RunReply } from '../backends/backend.ts';
import { errnoText } from '../format/errnos.ts';
import { plain } from '../format/sanitize.ts';
import { charText } from '../format/values.ts';
import { verdictNames, verdictNumber } from '../format/verdicts.ts';
import { type PacketBuilder, pkt } from '../packet/build.ts';
import { literal, Source } from './literal.ts';
import { liveCase } from './live.ts';

/** Of a map's value, as a sample; larger ones are left to be written as bytes. */
const SAMPLE_BYTES = 256;
const BUDGET = 20_000_000;

const WITH_PACKET: ReadonlySet<number> = new Set([
  ...[PROG_TYPE.SOCKET_FILTER, PROG_TYPE.SCHED_CLS, PROG_TYPE.SCHED_ACT, PROG_TYPE.XDP, PROG_TYPE.CGROUP_SKB],
  ...[PROG_TYPE.LWT_IN, PROG_TYPE.LWT_OUT, PROG_TYPE.LWT_XMIT, PROG_TYPE.LWT_SEG6LOCAL, PROG_TYPE.NETFILTER],
  PROG_TYPE.FLOW_DISSECTOR,
]);
const INDEXED: ReadonlySet<number> = new Set([MAP_TYPE.ARRAY, MAP_TYPE.PERCPU_ARRAY]);
const KEYED: ReadonlySet<number> = new Set([
  ...[MAP_TYPE.HASH, MAP_TYPE.LRU_HASH, MAP_TYPE.PERCPU_HASH, MAP_TYPE.LRU_PERCPU_HASH, MAP_TYPE.LPM_TRIE],
]);
const DEVICES: ReadonlySet<number> = new Set([MAP_TYPE.DEVMAP, MAP_TYPE.DEVMAP_HASH]);

const PACKET_SOURCE =
  "pkt.eth().ipv4({ saddr: '192.0.2.1', daddr: '192.0.2.2' }).udp({ source: 40000, dest: 53 }).payload('hello')";

/** What PACKET_SOURCE makes. */
const PACKET: PacketBuilder = pkt
  .eth()
  .ipv4({ saddr: '192.0.2.1', daddr: '192.0.2.2' })
  .udp({ source: 40000, dest: 53 })
  .payload('hello');

/** A value of zeros in the names of its BTF type; undefined where there is no type, or much of it. */
function sample(spec: ObjectSpec, type_id: number, size: number): unknown {
  if (size === 0 || size > SAMPLE_BYTES) return undefined;
  if (!spec.btf || type_id === 0) return size <= 8 ? 0 : `hex:${'00'.repeat(size)}`;
  return decodeBtf(spec.btf, type_id, new Uint8Array(size));
}

/** Variables that a user would set: those of .bss, .data and .rodata, with the values they begin with. */
function variables(spec: ObjectSpec, map: MapSpec): unknown {
  if (!spec.btf || map.value_type_id === 0 || map.value_size > SAMPLE_BYTES) return undefined;
  if (!/^\.(bss|data|rodata)/.test(map.name) || map.name.startsWith('.rodata.str')) return undefined;
  const bytes = new Uint8Array(map.value_size);
  bytes.set((map.data ?? bytes).subarray(0, map.value_size));
  const decoded = decodeBtf(spec.btf, map.value_type_id, bytes) as { readonly [name: string]: Decoded };
  // Format strings of bpf_printk are variables too, which nobody sets.
  const own = Object.entries(decoded).filter(([name]) => !name.includes('.____fmt'));
  return own.length === 0 ? undefined : Object.fromEntries(own.map(([name, value]) => [name, withText(value)]));
}

/** Char arrays that hold text, as text; the rest as it is. */
function withText(value: Decoded): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value))
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withText(one)]));
  const text = charText(value);
  return text === null || text === '' ? value.map(withText) : text;
}

/** The keys of tries over addresses are prefixes. */
const PREFIXES: Readonly<Record<number, string>> = { 8: '192.0.2.0/24', 20: '2001:db8::/32' };

function sampleKey(spec: ObjectSpec, map: MapSpec): unknown {
  const prefix = map.type === MAP_TYPE.LPM_TRIE ? PREFIXES[map.key_size] : undefined;
  return prefix ?? sample(spec, map.key_type_id, map.key_size);
}

function sampleContent(spec: ObjectSpec, map: MapSpec): unknown {
  if (map.data !== null) return variables(spec, map);
  if (DEVICES.has(map.type)) return { 0: { ifindex: 1 } };
  if (map.type === MAP_TYPE.PROG_ARRAY) {
    const other = spec.programs.at(-1);
    return other ? { 0: other.name } : undefined;
  }
  const value = sample(spec, map.value_type_id, map.value_size);
  if (value === undefined) return undefined;
  if (INDEXED.has(map.type)) return { 0: value };
  const key = sampleKey(spec, map);
  return KEYED.has(map.type) && key !== undefined ? [[key, value]] : undefined;
}

/** The maps that a program names, with a sample entry each; undefined when it has none worth showing. */
function sampleMaps(spec: ObjectSpec, program: ProgramSpec): { [map: string]: unknown } | undefined {
  const named = new Set(program.relocs.map((reloc) => reloc.name));
  const entries = spec.maps.flatMap((map): [string, unknown][] => {
    const content = named.has(map.name) ? sampleContent(spec, map) : undefined;
    return content === undefined ? [] : [[map.name, content]];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** What the case says of the run that was made of it. */
function expectation(type: number, { result, refusal }: RunReply): { readonly [field: string]: unknown } {
  if (refusal || !result) return { skip: plain(refusal?.message ?? 'it does not run') };
  if (result.fault) return { skip: plain(`it faults: ${result.fault.message}`) };
  if (result.errno !== 0) return { expect: { errno: errnoText(result.errno).replace(/ \(.*$/, '') } };
  const { retval } = result;
  const name = verdictNames(type).find((word) => verdictNumber(type, word) === retval);
  return { expect: { retval: name ?? retval } };
}

async function casesOf(spec: ObjectSpec, program: ProgramSpec, backend: Backend): Promise<object[]> {
  const packet = WITH_PACKET.has(program.type);
  const reply = await backend.run({
    ...{ object: spec.path, program: program.name, presets: [] },
    opts: { ...(packet ? { data_in: PACKET.bytes() } : {}), budget: BUDGET },
  });
  const data = packet ? { data_in: new Source('packet') } : {};
  const first = {
    name: packet ? 'a UDP packet' : 'a run',
    program: program.name,
    ...data,
    ...expectation(program.type, reply),
  };
  const maps = sampleMaps(spec, program);
  const live = await liveCase(spec, program, PACKET.bytes(), backend);
  return [
    first,
    ...(maps === undefined ? [] : [{ name: 'with its maps filled', program: program.name, todo: true, ...data, maps }]),
    ...(live === null ? [] : [{ name: 'live frames through two devices', program: program.name, ...data, ...live }]),
  ];
}

/** The text of a case file for an opened object; `shown`: its path from the config; `types`: path to bpfdeck.d.ts. */
export async function caseFile(spec: ObjectSpec, backend: Backend, shown: string, types: string): Promise<string> {
  const cases: object[] = [];
  for (const program of spec.programs)
    if (program.error === null) cases.push(...(await casesOf(spec, program, backend)));
  const packet = cases.some((one) => 'data_in' in one);
  const lines = [
    `/// <reference path="${types}" />`,
    `/** First cases for ${shown}: what each program answers now, and its maps with their types filled in. */`,
    `import { ${packet ? 'pkt, ' : ''}suite } from 'bpfdeck';`,
    '',
    ...(packet ? [`const packet = ${PACKET_SOURCE};`, ''] : []),
    `suite({ object: ${literal(shown)} }, ${cases.length === 0 ? '[]' : `[\n${cases.map((one) => `  ${literal(one, 2, 1)},\n`).join('')}]`});`,
  ];
  return `${lines.join('\n')}\n`;
}
