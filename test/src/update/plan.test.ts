/** New expected values: case files of all kinds are rewritten so that they pass, everything around as it was; what stays is named, with why. */
import { afterAll, expect, test } from 'bun:test';
import { planUpdates } from '../../../src/update/plan.ts';
import { CaseFiles } from '../../support/case-files.ts';
import { outcomeOf, settled } from '../../support/settled.ts';

const files = new CaseFiles();
afterAll(() => files.remove());

const HEAD = `import { pkt, suite, test } from 'bpfdeck';
const udp = pkt.eth().ipv4({ saddr: '10.0.0.1', daddr: '10.0.0.2', ttl: 9 }).udp({ source: 5, dest: 53 });
const on = (name: string, program: string) => ({ object: \`\${name}/\${name}.bpf.o\`, program, data_in: udp });
`;
const FRAME = '02000000000202000000000108004500001c0000000009119dcf0a0000010a000002000500350008eba1';

/** Program, what its case expects, and what it expects when it was updated. */
const ROWS: readonly (readonly [what: string, on: string, before: string, after: string])[] = [
  ['a verdict by name', "'xdp-verdicts', 'verdict_pass'", "{ retval: 'XDP_TX' }", "{ retval: 'XDP_PASS' }"],
  ['a verdict by number', "'xdp-verdicts', 'verdict_pass'", '{ retval: 3 }', '{ retval: 2 }'],
  ['a verdict in double quotes', "'xdp-verdicts', 'verdict_pass'", '{ retval: "XDP_TX" }', '{ retval: "XDP_PASS" }'],
  ['a size', "'xdp-verdicts', 'verdict_pass'", '{ data_size_out: 0x10 }', '{ data_size_out: 0x2a }'],
  [
    'values of a queue',
    "'queue-stack', 'push_and_pop'",
    '{ maps: { queue: [9, 8, 7, 6] } }',
    '{ maps: { queue: [3, 4] } }',
  ],
  [
    'more of them',
    "'queue-stack', 'push_and_pop'",
    '{ maps: { queue: [3], stack: [] } }',
    '{ maps: { queue: [3, 4], stack: [3, 2] } }',
  ],
  [
    'variables',
    "'queue-stack', 'push_and_pop'",
    "{ maps: { '.bss': { got: [1, 2], rc: [0x10] } } }",
    "{ maps: { '.bss': { got: [0, 2], rc: [-2] } } }",
  ],
  [
    'text and hex in data',
    "'globals', 'use_globals'",
    "{ maps: { '.data': { longest: 0x0e, name: 'fixture' } } }",
    "{ maps: { '.data': { longest: 0x2a, name: 'Fixture' } } }",
  ],
  [
    'large numbers',
    "'ringbuf', 'report'",
    "{ maps: { '.bss': { sequence: 5n } } }",
    "{ maps: { '.bss': { sequence: 1n } } }",
  ],
  [
    'one value a CPU',
    "'map-hash', 'remember'",
    '{ maps: { per_cpu: { 9: [5] } } }',
    '{ maps: { per_cpu: { 9: [1] } } }',
  ],
  [
    'sums and single CPUs',
    "'map-hash', 'remember'",
    '{ maps: { per_cpu: { 9: { cpu: 0, value: 4 } }, recent_per_cpu: { 9: { sum: 5 } } } }',
    '{ maps: { per_cpu: { 9: { cpu: 0, value: 1 } }, recent_per_cpu: { 9: { sum: 1 } } } }',
  ],
  [
    'an entry that is gone',
    "'map-hash', 'remember'",
    '{ maps: { recent: { 6: 1 } } }',
    '{ maps: { recent: { 6: null } } }',
  ],
  [
    'an entry that is there',
    "'map-hash', 'remember'",
    '{ maps: { recent: { 5: null } } }',
    '{ maps: { recent: { 5: 1 } } }',
  ],
  [
    'an entry by its pair',
    "'map-hash', 'remember'",
    "{ maps: { recent: [['0x5', 3]] } }",
    "{ maps: { recent: [['0x5', 1]] } }",
  ],
  [
    'values as bytes',
    "'map-hash', 'remember'",
    "{ maps: { recent: [[5, 'hex:07000000']] } }",
    "{ maps: { recent: [[5, 'hex:01000000']] } }",
  ],
  [
    'lines of printk',
    "'printk', 'say'",
    "{ printk: ['x', /^-5/, '', '', '', 'y'] }",
    "{ printk: ['length 42', /^-5/, '1099511627776 -1 feed', '1 2 3 4 5', '100% of x'] }",
  ],
  [
    'records by type',
    "'ringbuf', 'report'",
    "{ records: [{ type: 'struct event', value: { length: 1, protocol: '0x0806' } }] }",
    "{ records: [{ type: 'struct event', value: { length: 42, protocol: '0x0800' } }] }",
  ],
  [
    'records too many',
    "'ringbuf', 'report'",
    "{ records: [{ map: 'events' }, { map: 'events' }] }",
    "{ records: [{ map: 'events' }] }",
  ],
  [
    'records too few',
    "'ringbuf', 'output'",
    '{ records: [] }',
    "{ records: [{ map: 'events', hex: '01000000020000000300000000000000' }] }",
  ],
  [
    'records as bytes',
    "'ringbuf', 'output'",
    "{ records: ['00'] }",
    "{ records: ['01000000020000000300000000000000'] }",
  ],
  [
    'context fields',
    "'tc-context', 'read_context'",
    '{ ctx_out: { mark: 5, cb: [1, 0, 0, 0, 0] } }',
    '{ ctx_out: { mark: 0, cb: [0, 0, 0, 0, 0] } }',
  ],
  ['a redirect', "'redirects', 'to_interface'", '{ redirect: 2 }', '{ redirect: 1 }'],
  [
    'its helper',
    "'redirects', 'to_interface'",
    "{ redirect: { helper: 'x', ifindex: 2 } }",
    "{ redirect: { helper: 'bpf_redirect', ifindex: 1 } }",
  ],
  ['no redirect', "'redirects', 'to_device_missing'", '{ redirect: 1 }', '{ redirect: false }'],
  ['a redirect after all', "'redirects', 'to_interface'", '{ redirect: false }', '{ redirect: 1 }'],
  [
    'header fields',
    "'xdp-verdicts', 'verdict_pass'",
    "{ data_out: { 'ipv4.ttl': 1, 'udp.check': 'wrong', vlan: 'x', 'eth.type': 0x86dd, 'ipv4.protocol': 'TCP', 'ipv4.df': true } }",
    "{ data_out: { 'ipv4.ttl': 9, 'udp.check': 'right', vlan: null, 'eth.type': 0x0800, 'ipv4.protocol': 'UDP', 'ipv4.df': false } }",
  ],
  ['a packet as bytes', "'xdp-verdicts', 'verdict_pass'", "{ data_out: '0001' }", `{ data_out: '${FRAME}' }`],
  ['a packet as a list', "'xdp-verdicts', 'verdict_pass'", '{ data_out: [1, 2] }', `{ data_out: 'hex:${FRAME}' }`],
  [
    'a packet made from another',
    "'xdp-verdicts', 'verdict_pass'",
    "{ data_out: udp.with('udp', { dest: 1 }) }",
    "{ data_out: udp.with('udp', { dest: 53 }) }",
  ],
  [
    'further fields of it',
    "'xdp-verdicts', 'verdict_pass'",
    "{ data_out: udp.with('udp', { dest: 53 }).with('ipv4', { ttl: 1, tos: 0 }, 1) }",
    "{ data_out: udp.with('udp', { dest: 53 }).with('ipv4', { ttl: 1, tos: 0 }, 1).with('ipv4', { ttl: 9 }) }",
  ],
  [
    'a packet built in place',
    "'xdp-verdicts', 'verdict_pass'",
    "{ data_out: pkt.eth().ipv4({ ttl: 1, src: '10.0.0.9' }).udp() }",
    "{ data_out: pkt.eth().ipv4({ ttl: 9, src: '10.0.0.1', daddr: '10.0.0.2' }).udp({ source: 5, dest: 53 }) }",
  ],
  [
    'a packet chosen',
    "'xdp-verdicts', 'verdict_pass'",
    "{ data_out: 1 > 2 ? udp : udp.with('udp', { dest: 1 }) }",
    "{ data_out: (1 > 2 ? udp : udp.with('udp', { dest: 1 })).with('udp', { dest: 53 }) }",
  ],
];

test('TypeScript: every expectation, in the manner in which it was written', async () => {
  const source = (column: 2 | 3) =>
    HEAD +
    ROWS.map((row) => `test({ name: '${row[0]}', ...on(${row[1]}), expect: ${row[column]} }); // stays\n`).join('');
  const { text, plan, after } = await files.update('ts', source(2));
  expect(plan.by_hand).toEqual([]);
  expect(text.split('\n')).toEqual(source(3).split('\n'));
  expect([...after].filter(([, verdict]) => verdict !== 'pass')).toEqual([]);
});

test('several lines: commas, comments and indentation stay as they are', async () => {
  const { text, plan } = await files.update(
    'ts',
    `${HEAD}test({
  name: 'lines',
  ...on('printk', 'say'),
  expect: {
    printk: [
      'length 42', // how long
      '-5 abc word', // words
    ],
  },
});
test({
  name: 'fewer',
  ...on('queue-stack', 'push_and_pop'),
  expect: { maps: { queue: [
    3,
    4, // the last
    5,
    6
  ] } },
});
`,
  );
  expect(text).toContain(`      '-5 abc word', // words
      '1099511627776 -1 feed',
      '1 2 3 4 5',
      '100% of x',
    ],`);
  expect(text).toContain(`queue: [
    3,
    4
  ] } },`);
  expect(plan.updates[0]).toMatchObject({ line: 11, before: '' });
  expect(plan.updates[0]?.after.split('\n')[0]).toBe("'1099511627776 -1 feed',");
});

test('what a suite or all steps share is said anew by the case or the step', async () => {
  const { text, after } = await files.update(
    'ts',
    `${HEAD}suite({ ...on('xdp-verdicts', 'verdict_pass'), expect: { retval: 'XDP_TX' } }, [
  { name: 'bare' },
  { name: 'own', expect: { errno: 0 } },
  { name: 'steps', expect: { retval: 'XDP_PASS' }, steps: [{}, { program: 'verdict_drop' }] },
]);
`,
  );
  expect(text).toContain("{ name: 'bare', expect: { retval: 'XDP_PASS' } }");
  expect(text).toContain("{ name: 'own', expect: { errno: 0, retval: 'XDP_PASS' } }");
  expect(text).toContain("steps: [{}, { program: 'verdict_drop', expect: { retval: 'XDP_DROP' } }]");
  expect([...after.values()]).toEqual(['pass', 'pass', 'pass']);
});

test('every step that does not hold, not only the first', async () => {
  const { text, after } = await files.update(
    'ts',
    `${HEAD}test({
  name: 'steps',
  ...on('ringbuf', 'report'),
  steps: [
    { expect: { retval: 'XDP_PASS' } },
    { expect: { maps: { '.bss': { sequence: 1 } } } },
    { expect: { retval: 'XDP_TX', records: [{ type: 'struct event', value: { sequence: 1 } }] } },
  ],
});
`,
  );
  expect(text).toContain("{ expect: { maps: { '.bss': { sequence: 2 } } } },");
  expect(text).toContain("retval: 'XDP_PASS', records: [{ type: 'struct event', value: { sequence: 3 } }]");
  expect([...after.values()]).toEqual(['pass']);
});

test('what cannot be placed stays, and is said with why', async () => {
  const { text, plan } = await files.update(
    'ts',
    `${HEAD}const ttl = 3;
const shared = { expect: { retval: 'XDP_TX' } };
const pass = on('xdp-verdicts', 'verdict_pass');
test({ name: 'computed', ...pass, expect: { data_out: { 'ipv4.ttl': ttl } } });
test({ name: 'spread', ...pass, ...shared });
test({ name: 'spread within', ...pass, expect: { ...shared.expect } });
test.each([1])('each %d', () => ({ ...pass, expect: { retval: 1 } }));
test({ name: 'regexp', ...on('printk', 'say'), expect: { printk: [/^x/, '-5 abc word', '1099511627776 -1 feed', '1 2 3 4 5', '100% of x'] } });
test({ name: 'layers', ...pass, expect: { data_out: pkt.eth().vlan().ipv4().udp() } });
test({ name: 'bytes', ...pass, expect: { data_out: udp.with('ipv4', { ttl: 1 }).bytes() } });
test({ name: 'fault', ...on('xdp-verdicts', 'verdict_pass'), expect: { fault: 'bounds' } });
test({ name: 'errno', ...on('xdp-verdicts', 'verdict_pass'), data_in: '00', expect: { retval: 2 } });
test({ name: 'steps', ...pass, expect: { maps: { '.x': {} } }, todo: true });
`,
  );
  const why = (name: string) => plan.by_hand.find((one) => one.name === name)?.why;
  expect(text).toContain("test({ name: 'computed', ...pass, expect: { data_out: { 'ipv4.ttl': ttl } } });");
  expect(plan.files.size).toBe(0);
  expect(why('computed')).toBe('it is computed there');
  expect(why('spread')).toBe('something is spread into the case');
  expect(why('spread within')).toBe('it is computed there');
  expect(why('each 1')).toBe('the case is not written there as an object of its own');
  expect(why('regexp')).toBe('a regular expression stands there');
  expect(why('layers')).toBe('the packet is built, and its layers or payload differ');
  expect(why('bytes')).toBe('it is computed there');
  expect(why('fault')).toBe('a fault is never expected by itself');
  expect(why('errno')).toBe('no errno is expected: what the run is given may be wrong');
  expect(plan.by_hand.find((one) => one.name === 'layers')?.what).toMatch(
    /^data_out: 42 bytes, as sent; data_out eth\.h_proto: .*; \d+ more$/,
  );
});

test('files that do not parse any more, and cases that are no longer there', () => {
  const one = settled('one', { file: '/p/a.case.yaml', expect: { retval: 3 } });
  const fix = { path: ['retval'], value: 1 };
  const differences = [{ field: 'retval', at: '', expected: '3', received: 'XDP_DROP (1)', fix }];
  const plan = (text: string, file = one.file) =>
    planUpdates([[{ ...one, file }, outcomeOf(one, 'fail', { differences })]], () => text);
  expect(plan('a: [').by_hand[0]?.why).toBe('the file does not parse');
  expect(plan('name: two').by_hand[0]?.why).toContain('not written there');
  expect(plan('', '/p/x.bpf.o').by_hand[0]?.why).toContain('change its tag and build');
  expect(plan('name: one\nexpect: {retval: 3}\n').files.get(one.file)).toBe('name: one\nexpect: {retval: 1}\n');
  const twice = plan('[{name: one, expect: {retval: 3}}, {name: one, expect: {retval: 3}}]');
  expect(twice.by_hand[0]?.why).toContain('not written there');
});
