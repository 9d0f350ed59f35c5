/** The JSON schema of case files written as data: one table a kind of object, so that editors know what the loader knows. */

import { allVerdictNames } from '../format/verdicts.ts';
import { CASE_FIELDS, ENV_FIELDS, STEP_FIELDS } from './settle.ts';
import { EXPECT_FIELDS, RECORD_FIELDS, REDIRECT_FIELDS } from './settle-expect.ts';
import { LIVE_DEVICE_FIELDS, LIVE_FIELDS } from './settle-live.ts';
import { COUNT_FIELDS, POOL_FIELDS, TRACEPOINT_FIELDS } from './settle-live-expect.ts';

type Schema = { readonly [keyword: string]: unknown };
type Rows = { readonly [field: string]: Schema };

const TEXT: Schema = { type: 'string' };
const COUNT: Schema = { type: 'integer', minimum: 0 };
const FLAG: Schema = { type: 'boolean' };
const ANY: Schema = {};
const FIELDS: Schema = { type: 'object' };
const REGEXP: Schema = {
  type: 'object',
  properties: { regexp: TEXT, flags: TEXT },
  required: ['regexp'],
  additionalProperties: false,
};
const ref = (name: string): Schema => ({ $ref: `#/definitions/${name}` });
const said = (description: string, schema: Schema): Schema => ({ description, ...schema });
const either = (...anyOf: Schema[]): Schema => ({ anyOf });
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const mapOf = (additionalProperties: Schema): Schema => ({ type: 'object', additionalProperties });

const RUN: Rows = {
  program: said('Name of the program in the object.', TEXT),
  type: said("PROG_TYPE name, to override the section's.", TEXT),
  data_in: said('The packet.', ref('bytes')),
  ctx_in: said("Bytes, or fields of the type's context struct by name.", either(ref('bytes'), FIELDS)),
  maps: said('Map name to entries: [[key, value], …], {key: value}; data sections {variable: value}.', FIELDS),
  env: said('What the run sees of clock, chance and CPUs.', ref('env')),
  netns: said('The network namespace: devices, routes, neighbours, sockets, cgroup.', FIELDS),
  memory: said('Memory that pointers in ctx_in lead to: address to bytes.', FIELDS),
  repeat: said('Runs, as BPF_PROG_RUN repeats them.', COUNT),
  flags: said('BPF_F_TEST_RUN_* bits.', COUNT),
  cpu: said('The cpu attribute.', COUNT),
  expect: said('What must come of it.', ref('expect')),
};
const STEP: Rows = { name: said('For messages.', TEXT), ...RUN };
const CASE: Rows = {
  name: said('Unique within its program.', TEXT),
  object: said('Path of the object file, from the config file.', TEXT),
  ...RUN,
  with: said(
    'Further objects of the same world; maps pinned by name are shared, freplace programs stand in for functions.',
    listOf(TEXT),
  ),
  budget: said('Instructions that the case may execute.', { type: 'integer', minimum: 1 }),
  live: said('Live frames: `repeat` of them go through devices; {} is enough.', ref('live')),
  steps: said('Runs one after the other on the same maps.', { ...listOf(ref('step')), minItems: 1 }),
  skip: said('Not run; the reason, if it is text.', either(FLAG, TEXT)),
  todo: said('Still to be written.', FLAG),
  only: said('Only cases that say so run.', FLAG),
};
const ENV: Rows = {
  time_ns: said('bpf_ktime_get_ns() at the first read.', either(COUNT, { type: 'string', pattern: '^[0-9]+$' })),
  seed: said('Of bpf_get_prandom_u32().', COUNT),
  cpus: said('Possible CPUs: the size of per-CPU values.', { type: 'integer', minimum: 1, maximum: 1024 }),
  cpu: said('The CPU it runs on.', COUNT),
};
const EXPECT: Rows = {
  retval: said('Number or verdict.', either({ enum: allVerdictNames() }, { type: 'integer' })),
  errno: said('0, a number, or a name as ENOSPC.', either({ type: 'integer' }, TEXT)),
  data_out: said('The whole packet, or header fields: {"ipv4.ttl": 63}.', either(ref('bytes'), FIELDS)),
  data_size_out: COUNT,
  ctx_out: said('Fields of the context that matter, or its bytes.', either(ref('bytes'), FIELDS)),
  redirect: said(
    'An ifindex, what is known of the target, or false for none.',
    either(COUNT, { const: false }, ref('redirect')),
  ),
  maps: said('Entries that must be there; null: must be absent.', FIELDS),
  printk: said('Lines in order.', listOf(either(TEXT, REGEXP))),
  records: said('Records of ring buffers and perf in order.', listOf(either(TEXT, REGEXP, ref('record')))),
  fault: said("A word of the fault's kind or message; false: none.", either(TEXT, REGEXP, { const: false })),
  verdicts: said('Live: frames by verdict, {"XDP_TX": 1000}.', ref('counts')),
  devices: said('Live: counters by device, {"veth0": {"xdp_xmit": 1000}}.', mapOf(ref('counts'))),
  stacks: said('Live: counters of the stacks, near and far.', mapOf(ref('counts'))),
  tracepoints: said('Live: events by tracepoint and errno.', listOf(ref('tracepoint'))),
  pool: said('Live: pages of the pool.', ref('pool')),
  captured: said(
    'Live: the first frames that left by a device, or went up into stack, far_stack, xsk; by number, or in a list.',
    mapOf(either(listOf(ref('frame')), mapOf(ref('frame')))),
  ),
};
const COUNT_OF: Schema = either(COUNT, ref('bounds'));
const BOUNDS: Rows = { min: COUNT, max: COUNT };
const TRACEPOINT: Rows = {
  name: said('xdp_redirect, xdp_redirect_err, xdp_devmap_xmit, …', TEXT),
  errno: said('ENXIO, or a number; 0: without one.', either({ type: 'integer' }, TEXT)),
  count: said('Default: at least one.', COUNT_OF),
};
const POOL: Rows = {
  ...{ allocated: COUNT_OF, recycled: COUNT_OF, released: COUNT_OF, in_pool: COUNT_OF, in_flight: COUNT_OF },
};
const LIVE: Rows = {
  batch_size: said('Frames a batch, 1 to 256; default 64.', COUNT),
  devices: said('By name, or as text: veth0:peer_xdp=drop,mtu=9000.', either(mapOf(ref('device')), listOf(TEXT))),
  ingress: said('Device that frames come in on; default the first.', TEXT),
  far: said('The network namespace of the far ends.', FIELDS),
  frames: said('Packets that frames are made of in turn.', { ...listOf(ref('bytes')), minItems: 1 }),
  faults: said('down=veth1@1000, up=…, full=…, drains=…, page=300, alloc=2.', listOf(TEXT)),
};
const DEVICE: Rows = {
  ifindex: { type: 'integer', minimum: 1 },
  type: { enum: ['veth', 'ifb', 'lo', 'dummy'] },
  peer: said('Name of the far end.', TEXT),
  peer_xdp: said('What runs at the far end: none, pass, drop, tx, OBJECT#PROGRAM.', TEXT),
  ...{ up: FLAG, peer_up: FLAG, mtu: said('Bytes.', COUNT), gro: said('GRO of the far end.', FLAG), queues: COUNT },
  tc_ingress: said('What runs at tc ingress: OBJECT#PROGRAM.', TEXT),
  peer_tc_ingress: said('What runs at tc ingress of the far end: OBJECT#PROGRAM.', TEXT),
};
const REDIRECT: Rows = {
  ...{ helper: TEXT, ifindex: COUNT, cpu: COUNT, queue: COUNT, map: TEXT, key: COUNT, flags: COUNT, broadcast: FLAG },
};
const RECORD: Rows = { map: TEXT, type: TEXT, value: ANY, hex: TEXT, text: either(TEXT, REGEXP), cpu: COUNT };

/** The rows in the loader's order; a field that only one side knows is a mistake of ours. */
function object(rows: Rows, fields: readonly string[], required: readonly string[] = []): Schema {
  const odd = [
    ...Object.keys(rows).filter((name) => !fields.includes(name)),
    ...fields.filter((name) => !(name in rows)),
  ];
  if (odd.length > 0) throw new Error(`schema and loader differ in ${odd.join(', ')}`);
  const properties = Object.fromEntries(fields.map((name) => [name, rows[name]]));
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false };
}

const BYTES: Schema = either(
  said('Hex digits, with hex: in front or not.', TEXT),
  listOf({ type: 'integer', minimum: 0, maximum: 255 }),
  {
    type: 'object',
    properties: { pcap: TEXT, frame: either({ type: 'integer', minimum: 1 }, { const: 'all' }) },
    required: ['pcap'],
    additionalProperties: false,
  },
  { type: 'object', properties: { file: TEXT }, required: ['file'], additionalProperties: false },
  { type: 'object', properties: { packet: listOf(ANY) }, required: ['packet'], additionalProperties: false },
);

/** Cases that share fields: all a case has, none of it needed, and the cases. */
function group(): Schema {
  const properties = { ...(object(CASE, CASE_FIELDS).properties as Rows), cases: listOf(ref('item')), $schema: TEXT };
  return { type: 'object', properties, required: ['cases'], additionalProperties: false };
}

/** A whole file may say which schema it follows. */
function withSchema(schema: Schema): Schema {
  return { ...schema, properties: { ...(schema.properties as Rows), $schema: TEXT } };
}

/** JSON schema (draft 7, which editors of YAML and JSON read) of *.case.yaml and *.case.json. */
export function caseSchema(): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'bpfdeck cases',
    anyOf: [ref('case'), ref('group'), listOf(either(ref('case'), ref('group')))],
    definitions: {
      case: withSchema(object(CASE, CASE_FIELDS, ['name', 'object', 'program'])),
      group: group(),
      item: either(said('What it lacks, the suite says.', object(CASE, CASE_FIELDS, ['name'])), ref('group')),
      step: object(STEP, STEP_FIELDS),
      env: object(ENV, ENV_FIELDS),
      expect: object(EXPECT, EXPECT_FIELDS),
      redirect: object(REDIRECT, REDIRECT_FIELDS),
      record: object(RECORD, RECORD_FIELDS),
      live: object(LIVE, LIVE_FIELDS),
      device: object(DEVICE, LIVE_DEVICE_FIELDS),
      tracepoint: object(TRACEPOINT, TRACEPOINT_FIELDS, ['name']),
      pool: object(POOL, POOL_FIELDS),
      bounds: object(BOUNDS, COUNT_FIELDS),
      counts: mapOf(COUNT_OF),
      frame: either(ref('bytes'), FIELDS, { type: 'null' }),
      bytes: BYTES,
    },
  };
}
