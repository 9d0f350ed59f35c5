/** Loops, merges, irreducible regions and the budget; and shapes that are too deep or too wide for recursion. */
import { describe, expect, test } from 'bun:test';
import { flowGraph } from '../../../engine/jit/flow-graph.ts';
import { withDispatchers } from '../../../engine/jit/irreducible.ts';
import { PRIV } from '../../../engine/layout.ts';
import * as asm from '../../support/assembler.ts';
import { JitWorld, jitInput } from '../../support/jit-world.ts';
import { seeded } from '../../support/map-world.ts';

function runLines(lines: readonly asm.Line[], r1 = 0, budget = 5_000_000) {
  const world = new JitWorld();
  return world.run(world.load(jitInput(asm.assemble(lines).insns)), r1, 0, budget);
}

describe('graphs', () => {
  test('a diamond in a loop: dominators, heads, order', () => {
    const graph = flowGraph([[1], [2, 3], [4], [4], [5, 1], []]);
    expect([...graph.idom]).toEqual([0, 0, 1, 1, 1, 4]);
    expect([...graph.loopHead]).toEqual([0, 1, 0, 0, 0, 0]);
    expect(graph.reducible).toBe(true);
  });

  test('the loop of the example gets one dispatcher', () => {
    const dispatched = withDispatchers([[1, 2], [2], [1]]);
    expect(dispatched.succs).toEqual([[3, 3], [3], [3], [1, 2]]);
    expect([...dispatched.dispatcher]).toEqual([-1, 3, 3]);
    expect(flowGraph(dispatched.succs).reducible).toBe(true);
  });

  test('random graphs become reducible and keep their edges', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seeded(seed);
      const size = 2 + random(30);
      // Every node is reached from the one before it.
      const succs = Array.from({ length: size }, (_, n) => (n + 1 < size ? [n + 1, random(size)] : [random(size)]));
      const { succs: made, dispatcher, choice } = withDispatchers(succs);
      expect(flowGraph(made).reducible).toBe(true);
      succs.forEach((list, from) => {
        list.forEach((to, i) => {
          const via = made[from]![i]!;
          expect(via === to ? to : made[via]![choice[to]!]).toBe(to);
          expect(via === to ? -1 : via).toBe(via === to ? -1 : dispatcher[to]!);
        });
      });
    }
  });
});

describe('loops', () => {
  test('a loop entered in its middle', () => {
    const lines = [
      ...[asm.mov(0, 0), asm.mov(2, 5), asm.jmp('jne', 1, 0, 'middle')],
      ...[asm.label('head'), asm.alu('add', 0, 1), asm.label('middle'), asm.alu('add', 0, 100), asm.alu('sub', 2, 1)],
      ...[asm.jmp('jne', 2, 0, 'head'), asm.exit()],
    ];
    expect(runLines(lines, 0)).toMatchObject({ r0: 505n, insns: 24 });
    expect(runLines(lines, 1)).toMatchObject({ r0: 504n, insns: 23 });
  });

  test('the budget is refilled in slices and ends a loop where it stands', () => {
    const world = new JitWorld();
    let refills = 0;
    world.refill = () => {
      world.mem.i32[PRIV.BUDGET >> 2]! += 1000;
      return refills++ < 9 ? 0 : 6;
    };
    const id = world.load(jitInput(asm.assemble([asm.label('l'), asm.alu('add', 0, 1), asm.ja('l')]).insns));
    const run = world.run(id, 0, 0, 1000);
    expect(refills).toBe(10);
    expect(run.fault).toMatchObject({ kind: 6, pc: 0 });
    expect(Number(run.fault!.regs[0])).toBeWithin(4990, 5011);
  });

  test('may_goto gives up after 8388608 iterations', () => {
    const lines = [
      asm.mov(0, 0),
      asm.label('l'),
      asm.mayGoto('end'),
      asm.alu('add', 0, 1),
      asm.ja('l'),
      asm.label('end'),
      asm.exit(),
    ];
    expect(runLines(lines, 0, 100_000_000)).toMatchObject({ r0: 8388608n, insns: 3 * 8388608 + 3 });
  });
});

/** [name, lines, r0, instructions executed] */
const WIDE: [string, asm.Line[], bigint, number][] = [
  [
    '5000 early exits',
    [
      ...[asm.mov(0, 0), ...times(5000, (i) => [asm.alu('add', 0, 1), asm.jmp('jeq', 0, 100_000 + i, 'out')])],
      ...[asm.label('out'), asm.exit()],
    ],
    ...([5000n, 10_002] as const),
  ],
  [
    '5000 diamonds',
    [
      asm.mov(0, 0),
      ...times(5000, (i) => [
        ...[asm.jmp('jset', 0, 1, `a${i}`), asm.alu('add', 0, 3), asm.ja(`b${i}`)],
        ...[asm.label(`a${i}`), asm.alu('add', 0, 5), asm.label(`b${i}`)],
      ]),
      asm.exit(),
    ],
    ...([20_000n, 12_502] as const),
  ],
  [
    '1000 loops in each other',
    [
      ...[asm.mov(0, 0), ...times(1000, (i) => [asm.label(`h${i}`), asm.alu('add', 0, 1)])],
      ...[...times(1000, (i) => [asm.jmp('jeq', 0, -5, `h${999 - i}`)]), asm.exit()],
    ],
    ...([1000n, 2002] as const),
  ],
  [
    '500 irreducible loops',
    [
      asm.mov(0, 0),
      ...times(500, (i) => [
        ...[asm.jmp('jeq', 1, 0, `q${i}`), asm.label(`p${i}`), asm.alu('add', 0, 1)],
        ...[asm.label(`q${i}`), asm.alu('add', 0, 1), asm.jmp('jeq', 0, -7, `p${i}`)],
      ]),
      asm.exit(),
    ],
    ...([500n, 1502] as const),
  ],
  [
    'one loop with 1000 entries',
    [
      ...[asm.mov(0, 0), ...times(1000, (i) => [asm.jmp('jeq', 1, i + 1, `n${i}`)])],
      ...times(1000, (i) => [asm.label(`n${i}`), asm.alu('add', 0, 1), asm.jmp('jeq', 0, -7, `n${(i * 7919) % 1000}`)]),
      asm.exit(),
    ],
    ...([1000n, 3002] as const),
  ],
];

function times(count: number, lines: (i: number) => asm.Line[]): asm.Line[] {
  return Array.from({ length: count }, (_, i) => lines(i)).flat();
}

describe('wide and deep programs', () => {
  for (const [name, lines, r0, insns] of WIDE) {
    test(name, () => {
      expect(runLines(lines)).toMatchObject({ fault: null, r0, insns });
    });
  }
});
