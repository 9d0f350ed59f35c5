/** States of a session that screens are drawn from in tests. */
import type { RunEvent, TestOutcome } from '../../src/outcome.ts';
import { type Action, initialState, reduce, type State } from '../../src/session/session.ts';
import { unexplained } from '../../src/why/rerun.ts';
import { FAILED, outcomeOf, PACKET, settled, WITH_PACKET } from './settled.ts';

const lb = ['arp passes', 'ipv4 syn goes to backend 2', 'ipv6 flow is encapsulated', 'a very long name '.repeat(9)];
const CASES = [
  ...lb.map((name, i) => settled(name, i === 1 ? { data_in: PACKET, expect: { data_out: PACKET } } : {})),
  settled('日本語のケース名 — wide characters', { program: 'xdp_lb_tail' }),
  ...Array.from({ length: 40 }, (_, i) => settled(`rule ${i}`, { object: '/p/build/fw.o', program: 'xdp_fw' })),
];

export function after(...actions: readonly Action[]): State {
  return actions.reduce(reduce, initialState('/p'));
}

export const size = (columns: number, rows: number): Action => ({ type: 'size', columns, rows });

function run(number: number, bad: readonly number[]): RunEvent[] {
  return [
    { type: 'start', run: number, cause: number === 1 ? 'start' : 'build/lb.o rebuilt', cases: CASES, kept: 0 },
    ...CASES.map(
      (one, i): RunEvent => ({
        type: 'outcome',
        run: number,
        outcome: bad.includes(i) ? outcomeOf(one, 'fail', i === 1 ? WITH_PACKET : FAILED) : outcomeOf(one),
      }),
    ),
    { type: 'end', run: number, took_ms: 2.1, cancelled: false },
  ];
}

const events = (...all: RunEvent[]): Action => ({ type: 'events', events: all, at: 1_700_000_000_000 });
const list: Action = { type: 'cases', cases: CASES, errors: [], objects: [] };
const globs: Action = {
  type: 'project',
  root: '/p',
  config: '/p/c.ts',
  globs: { objects: ['b/*.o'], cases: ['*.case.ts'] },
};
/** A failure that says why, with differences in every pane. */
const EXPLAINED: Partial<TestOutcome> = {
  ...WITH_PACKET,
  result: { ...WITH_PACKET.result!, fault: null },
  returned: 'XDP_DROP (1)',
  differences: [
    ...(WITH_PACKET.differences ?? []),
    { field: 'maps', at: `flows[{${'key: 1, '.repeat(30)}}].backend`, expected: '2', received: '1' },
    { field: 'printk', at: 'line 1', expected: 'x'.repeat(300), received: 'lb: no backend for key 7' },
    { field: 'printk', at: 'line 2', expected: 'second', received: 'no line' },
  ],
  why: {
    ...unexplained('a note'),
    returned: { program: 'xdp_lb', subprogram: '', insn: 9, file: 'bpf/lb.bpf.c', line: 31, text: 'return XDP_DROP;' },
    source: [28, 29, 30, 31, 32].map((line) => {
      return { line, text: `line ${line} `.repeat(20), executed: line < 31, returned: line === 31 };
    }),
    values: [0, 1, 2].map((at) => ({ name: at === 0 ? 'mac' : `mac+${at}`, value: String(at), where: '' })),
    trace: Array.from({ length: 60 }, (_, i) => `${i % 9 === 0 ? '; lb.bpf.c' : `${i}: r0 = ${i}`}`),
  },
};
const refusal = { stage: 'open', errno: 0, message: 'not an ELF file', where: {} } as const;
const refused = CASES.map((one): RunEvent => {
  return { type: 'outcome', run: 1, outcome: outcomeOf(one, 'error', { reason: refusal.message, refusal }) };
});
const error = { file: '/p/test/x.case.ts', line: 3, message: 'Unexpected end of file', frame: ['▸ 3 │ test({'] };

/** By name: what there is to see. */
export const STATES: Readonly<Record<string, readonly Action[]>> = {
  starting: [],
  passing: [list, events(...run(1, []))],
  failing: [list, events(...run(1, [])), events(...run(2, [2, 3, 10]))],
  running: [list, events(...run(1, []).slice(0, 20))],
  'file error': [{ ...list, errors: [error] } as Action, events(...run(1, []))],
  waiting: [list, events(...run(1, [])), { type: 'absent', absent: new Map([['/p/build/lb.o', 'missing']]) }],
  'no cases': [globs, { ...list, cases: [], objects: ['/p/b/lb.o'] } as Action],
  'no project': [{ ...list, cases: [] } as Action],
  help: [list, events(...run(1, [])), { type: 'command', command: { do: 'overlay', what: 'help' } }],
  detail: [list, events(...run(1, [2])), { type: 'command', command: { do: 'open' } }],
  failure: [list, events(...run(1, [1, 2])), { type: 'command', command: { do: 'open' } }],
  'failure, bytes alone': [
    list,
    events(...run(1, [1])),
    { type: 'command', command: { do: 'open' } },
    { type: 'command', command: { do: 'focus', on: 'hex' } },
  ],
  'failure with why': [
    list,
    events(
      { type: 'start', run: 1, cause: 'start', cases: CASES, kept: 0 },
      { type: 'outcome', run: 1, outcome: outcomeOf(CASES[1]!, 'fail', EXPLAINED) },
      { type: 'end', run: 1, took_ms: 2, cancelled: false },
    ),
    { type: 'command', command: { do: 'open' } },
  ],
  refused: [
    list,
    events({ type: 'start', run: 1, cause: 'start', cases: CASES, kept: 0 }, ...refused, {
      type: 'end',
      run: 1,
      took_ms: 2,
      cancelled: false,
    }),
  ],
  'nothing listed': [
    list,
    events(...run(1, [])),
    { type: 'command', command: { do: 'prompt', kind: 'name' } },
    { type: 'command', command: { do: 'type', text: 'z'.repeat(70) } },
    { type: 'command', command: { do: 'accept' } },
  ],
  'run screen': [list, { type: 'command', command: { do: 'screen', to: 'run' } }],
  'run screen with a result': [
    list,
    { type: 'command', command: { do: 'screen', to: 'run' } },
    {
      type: 'run',
      news: {
        type: 'trial',
        trial: { at: 0, one: CASES[1]!, packet: 'x', outcome: outcomeOf(CASES[1]!, 'fail', WITH_PACKET) },
      },
    },
  ],
  log: [list, events(...run(1, [2])), { type: 'command', command: { do: 'overlay', what: 'log' } }],
  'equal command': [list, events(...run(1, [2])), { type: 'command', command: { do: 'overlay', what: 'equal' } }],
  'typing a filter': [
    list,
    events(...run(1, [2])),
    { type: 'command', command: { do: 'prompt', kind: 'name' } },
    { type: 'command', command: { do: 'type', text: 'ipv' } },
  ],
  'only failed': [list, events(...run(1, [2])), { type: 'command', command: { do: 'only-failed' } }],
};
