/** New expected values in YAML and JSON: blocks and braces, comments, quotes, line ends. */
import { afterAll, expect, test } from 'bun:test';
import { CaseFiles } from '../../support/case-files.ts';

const files = new CaseFiles();
afterAll(() => files.remove());

test('YAML: blocks and braces, comments, quotes', async () => {
  const { text, plan, after } = await files.update(
    'yaml',
    `# a file
object: map-hash/map-hash.bpf.o
program: count_flow
data_in: {packet: [eth, {ipv4: {saddr: 10.0.0.1, daddr: 10.0.0.2}}, udp]}   # sent
cases:
  - name: block
    maps: {flows: [[{source: 1}, 4]]}
    expect:
      retval: XDP_DROP   # wrong
      maps:
        flows:
          - [{source: 0x0100000a, destination: 0x0200000a, protocol: 17}, 5]  # first
          - - source: 1
            - ~
          - [{source: 2}, 7]
  - name: "queue"
    object: queue-stack/queue-stack.bpf.o
    program: push_and_pop
    expect:
      maps:
        queue:
          - 9     # nine
        stack:
          - 3
          - 2
          - 1   # goes
  - name: "printk"
    object: printk/printk.bpf.o
    program: say
    expect:
      printk:
        - 'length 1'
        - {regexp: '^-5'}
  - name: packet
    object: xdp-verdicts/xdp-verdicts.bpf.o
    program: verdict_pass
    expect:
      retval: XDP_PASS
      data_out:
        packet:
          - eth
          - ipv4
          - udp:
              dest: 54   # the port
  - {name: flow, object: ringbuf/ringbuf.bpf.o, program: report, expect: {maps: {.bss: {sequence: '0x10'}}, records: []}}
`,
  );
  expect(plan.by_hand).toEqual([]);
  expect(text).toContain('retval: XDP_PASS   # wrong');
  expect(text).toContain(`          - [{source: 0x0100000a, destination: 0x0200000a, protocol: 17}, 1]  # first
          - - source: 1
            - 4
          - [{source: 2}, null]
`);
  expect(text).toContain(
    '          - 3     # nine\n          - 4\n        stack:\n          - 3\n          - 2\n  - name: "printk"',
  );
  expect(text).toContain(
    "        - 'length 42'\n        - {regexp: '^-5'}\n        - 1099511627776 -1 feed\n        - 1 2 3 4 5\n",
  );
  expect(text).toContain(`          - {ipv4: {saddr: 10.0.0.1, daddr: 10.0.0.2}}
          - udp:
              dest: 40001   # the port
`);
  expect(text).toContain("sequence: '0x01'}}, records: [{map: events, hex: 2a000000000800000100000000000000}]}}");
  expect([...after].filter(([, verdict]) => verdict !== 'pass')).toEqual([]);
});

test('YAML: what a group shares, lines that end in CR LF, deeper indentation', async () => {
  const { text, plan, after } = await files.update(
    'yaml',
    `object: xdp-verdicts/xdp-verdicts.bpf.o
program: verdict_pass
data_in: {packet: [eth, ipv4, udp]}
expect: {retval: XDP_TX}
cases:
    -   name: bare   # with nothing
    -   name: own
        expect:
            errno: 0   # none
    -   {name: flow}
    -   name: list
        object: queue-stack/queue-stack.bpf.o
        program: push_and_pop
        expect:
            retval: XDP_PASS
            maps:
                queue:
                -   3   # first
`.replaceAll('\n', '\r\n'),
  );
  expect(plan.by_hand).toEqual([]);
  expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  const lines = text.split('\r\n');
  expect(lines.slice(5, 12)).toEqual([
    '    -   name: bare   # with nothing',
    '        expect: {retval: XDP_PASS}',
    '    -   name: own',
    '        expect:',
    '            errno: 0   # none',
    '            retval: XDP_PASS',
    '    -   {name: flow, expect: {retval: XDP_PASS}}',
  ]);
  expect(lines.slice(-3)).toEqual(['                -   3   # first', '                - 4', '']);
  expect([...after.values()]).toEqual(['pass', 'pass', 'pass', 'pass']);
});

test('JSON: on one line and over several', async () => {
  const { text, after } = await files.update(
    'json',
    `{
  "cases": [
    { "name": "one", "object": "map-hash/map-hash.bpf.o", "program": "count_flow", "data_in": { "packet": ["eth", "ipv4", "udp"] },
      "expect": { "retval": "XDP_DROP", "maps": { "flows": [[{"source": 7}, 1]] } } },
    {
      "name": "two", "object": "queue-stack/queue-stack.bpf.o", "program": "push_and_pop", "data_in": "hex:${'00'.repeat(14)}",
      "expect": {
        "maps": {
          "queue": [
            5
          ],
          "stack": []
        }
      }
    },
    { "name": "bare", "object": "xdp-verdicts/xdp-verdicts.bpf.o", "program": "verdict_pass", "data_in": "${'00'.repeat(14)}", "expect": { "data_size_out": 1 } }
  ]
}
`,
  );
  expect(text).toContain('"expect": { "retval": "XDP_PASS", "maps": { "flows": [[{"source": 7}, null]] } } },');
  expect(text).toContain(
    '          "queue": [\n            3,\n            4\n          ],\n          "stack": [3, 2]\n',
  );
  expect([...after.values()]).toEqual(['pass', 'pass', 'pass']);
});
