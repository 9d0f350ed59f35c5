/** Helpers with all kinds of arguments and results, subprograms, callbacks, bpf_loop, tail calls and stubs. */
import { describe, expect, test } from 'bun:test';
import { CTX_BASE, FAULT, FUNC_PTR_BASE, PRIV, STACK_TOP } from '../../../engine/layout.ts';
import type { ArgKind, HelperProto, RetKind } from '../../../engine/uapi/helper-protos.ts';
import { MAP_TYPE } from '../../../engine/uapi/map-types.ts';
import * as asm from '../../support/assembler.ts';
import { arrayFacts, type Imports, JitWorld, jitInput } from '../../support/jit-world.ts';

const LOOP: HelperProto = { id: 181, name: 'loop', args: ['u32', 'func', 'ptr', 'u64'], ret: 'i32', inline: true };
const TAIL: HelperProto = {
  id: 12,
  name: 'tail_call',
  args: ['ctx', 'map', 'u32'],
  ret: 'void',
  inline: true,
  changesPacket: true,
};

function proto(args: ArgKind[], ret: RetKind): HelperProto {
  return { id: 50, name: 'h', args, ret };
}

interface Setup {
  readonly helper?: HelperProto;
  readonly imports?: Imports;
  readonly starts?: readonly string[];
  readonly budget?: number;
}

function prepare(world: JitWorld, lines: readonly asm.Line[], setup: Setup = {}): number {
  const { insns, subprogs } = asm.functions([asm.label('main'), ...lines], setup.starts ?? ['main']);
  const helpers = new Map([LOOP, TAIL, ...(setup.helper === undefined ? [] : [setup.helper])].map((p) => [p.id, p]));
  const map = (handle: number) => (handle === PROGS ? PROG_ARRAY : undefined);
  return world.load(jitInput(insns, { subprogs, helpers, map }), setup.imports);
}

function runLines(lines: readonly asm.Line[], setup: Setup = {}, world = new JitWorld()) {
  return world.run(prepare(world, lines, setup), 0, 0, setup.budget);
}

const PROGS = 0x100040;
const SLOTS = 0x300000;
const PROG_ARRAY = arrayFacts({
  handle: PROGS,
  type: MAP_TYPE.PROG_ARRAY,
  values: SLOTS,
  stride: 4,
  value_size: 4,
  max_entries: 3,
});

describe('helpers', () => {
  test('arguments are 32 bits each, a u64 two of them', () => {
    let seen: number[] = [];
    const imports = {
      h(...args: number[]): number {
        seen = args;
        return 0;
      },
    };
    const lines = [
      asm.mov(1, -1),
      asm.imm64(2, 5, -7),
      asm.mov(3, 9),
      asm.mov(4, 4),
      asm.mov(5, 77),
      asm.helper(50),
      asm.exit(),
    ];
    runLines(lines, { helper: proto(['u32', 'u64', 'mem', 'size', 'ptr'], 'i32'), imports });
    expect(seen).toEqual([-1, 5, -7, 9, 4, 77]);
  });

  const results: [RetKind, bigint][] = [
    ['i32', 2n ** 64n - 3n],
    ['u32', 2n ** 32n - 3n],
    ['mem', 2n ** 32n - 3n],
    ['u64', (9n << 32n) | 8n],
    ['void', 0n],
  ];
  for (const [ret, r0] of results) {
    test(`a result of kind ${ret}`, () => {
      const world = new JitWorld();
      world.mem.u32[PRIV.R0 >> 2] = 8;
      world.mem.u32[(PRIV.R0 >> 2) + 1] = 9;
      expect(
        runLines([asm.helper(50), asm.exit()], { helper: proto([], ret), imports: { h: () => -3 } }, world).r0,
      ).toBe(r0);
    });
  }

  test('the instruction at work is known while a helper runs', () => {
    const world = new JitWorld();
    const imports = { h: () => world.mem.i32[PRIV.FAULT_PC >> 2]! * 100 + world.mem.i32[PRIV.FAULT_PROG >> 2]! };
    expect(runLines([asm.mov(6, 0), asm.helper(50), asm.exit()], { helper: proto([], 'i32'), imports }, world).r0).toBe(
      107n,
    );
  });
});

describe('subprograms', () => {
  test('r6 to r9 are the callee’s own, and so is its frame', () => {
    const lines = [
      ...[asm.mov(6, 3), asm.storeImm(8, 10, -8, 5), asm.mov(1, 4), asm.call('f'), asm.load(8, 1, 10, -8)],
      ...[asm.aluX('add', 0, 6), asm.aluX('add', 0, 1), asm.exit()],
      ...[
        asm.label('f'),
        asm.mov(6, 100),
        asm.storeImm(8, 10, -8, 7),
        asm.movX(0, 1),
        asm.aluX('add', 0, 6),
        asm.exit(),
      ],
    ];
    expect(runLines(lines, { starts: ['main', 'f'] })).toMatchObject({ r0: 112n, insns: 13 });
  });

  test('a callee writes to its caller’s frame, and the caller sees it', () => {
    const lines = [
      ...[
        asm.storeImm(8, 10, -8, 1),
        asm.movX(1, 10),
        asm.alu('add', 1, -8),
        asm.call('f'),
        asm.load(8, 0, 10, -8),
        asm.exit(),
      ],
      ...[asm.label('f'), asm.storeImm(8, 1, 0, 42), asm.exit()],
    ];
    expect(runLines(lines, { starts: ['main', 'f'] }).r0).toBe(42n);
  });

  test('eight frames are allowed, nine are not', () => {
    const chain = (frames: number) => {
      const lines: asm.Line[] = [];
      for (let k = 0; k < frames; k++) {
        if (k > 0) lines.push(asm.label(`f${k}`));
        lines.push(...(k + 1 < frames ? [asm.call(`f${k + 1}`), asm.alu('add', 0, 1)] : [asm.mov(0, 0)]), asm.exit());
      }
      return runLines(lines, { starts: Array.from({ length: frames }, (_, k) => (k === 0 ? 'main' : `f${k}`)) });
    };
    expect(chain(8).r0).toBe(7n);
    expect(chain(9).fault!.kind).toBe(FAULT.CALL_DEPTH);
  });

  test('callx goes where a function pointer says', () => {
    const lines = [
      ...[asm.mov(1, 20), asm.funcPtr(6, 'f'), asm.store(8, 10, -8, 6), asm.funcPtr(7, 'g'), asm.load(8, 6, 10, -8)],
      ...[asm.alu('mul', 7, 1), asm.callX(7), asm.movX(1, 0), asm.callX(6), asm.exit()],
      ...[asm.label('f'), asm.movX(0, 1), asm.alu('add', 0, 1), asm.exit()],
      ...[asm.label('g'), asm.movX(0, 1), asm.alu('mul', 0, 2), asm.exit()],
    ];
    expect(runLines(lines, { starts: ['main', 'f', 'g'] }).r0).toBe(41n);
  });
});

describe('callbacks', () => {
  const callback = [asm.label('f'), asm.load(8, 3, 2, 0), asm.aluX('add', 3, 1), asm.store(8, 2, 0, 3), asm.mov(0, 0)];
  const loop = (count: number, flags: number) => [
    ...[asm.storeImm(8, 10, -8, 0), asm.mov(1, count), asm.funcPtr(2, 'f'), asm.movX(3, 10), asm.alu('add', 3, -8)],
    ...[
      asm.mov(4, flags),
      asm.helper(181),
      asm.load(8, 1, 10, -8),
      asm.alu('lsh', 1, 16),
      asm.aluX('or', 0, 1),
      asm.exit(),
    ],
  ];

  test('bpf_loop counts from 0 and shares the caller’s memory', () => {
    const run = runLines([...loop(10, 0), ...callback, asm.exit()], { starts: ['main', 'f'] });
    expect(run.r0).toBe((45n << 16n) | 10n);
    expect(run.insns).toBe(11 + 10 * 5);
  });

  test('bpf_loop ends when the callback says so', () => {
    const lines = [...loop(10, 0), ...callback, asm.jmp('jne', 1, 3, 'go'), asm.mov(0, 1), asm.label('go'), asm.exit()];
    expect(runLines(lines, { starts: ['main', 'f'] }).r0).toBe((6n << 16n) | 4n);
  });

  test('bpf_loop refuses flags, and more than 8388608 iterations', () => {
    const r0 = (count: number, flags: number) =>
      BigInt.asIntN(16, runLines([...loop(count, flags), ...callback, asm.exit()], { starts: ['main', 'f'] }).r0);
    expect([r0(1, 1), r0(8388609, 0)]).toEqual([-22n, -7n]);
  });

  test('a helper calls back through the trampoline, with frames below the caller’s, as deep as they nest', () => {
    const world = new JitWorld();
    const tops: number[] = [];
    const imports = {
      h(func: number, depth: number): number {
        tops.push(STACK_TOP - world.mem.u32[PRIV.STACK_LOW >> 2]!);
        return world.callFunc(func, depth, 0, 0, 0, 0) + world.callFunc(func, 0, 0, 0, 0, 0);
      },
    };
    const lines = [
      ...[asm.funcPtr(1, 'f'), asm.mov(2, 2), asm.helper(50), asm.exit()],
      ...[asm.label('f'), asm.mov(0, 1), asm.storeImm(8, 10, -8, 9), asm.jmp('jeq', 1, 0, 'end'), asm.movX(2, 1)],
      ...[asm.alu('sub', 2, 1), asm.funcPtr(1, 'f'), asm.helper(50), asm.load(8, 1, 10, -8), asm.aluX('add', 0, 1)],
      ...[asm.label('end'), asm.exit()],
    ];
    // Innermost h: f(0) + f(0) = 2; f(1) = 2 + 9; h(1) = 11 + 1; f(2) = 12 + 9; h(2) = 21 + 1.
    const run = runLines(lines, { starts: ['main', 'f'], helper: proto(['func', 'u32'], 'i32'), imports }, world);
    expect(run).toMatchObject({ fault: null, r0: 22n });
    expect(tops).toEqual([512, 1024, 1536]);
  });

  test('a helper is handed the index of a function, and nothing else', () => {
    const setup = { starts: ['main', 'f'], helper: proto(['func'], 'i32'), imports: { h: (index: number) => index } };
    const lines = [asm.funcPtr(1, 'f'), asm.helper(50), asm.exit(), asm.label('f'), asm.exit()];
    expect(runLines(lines, setup).r0).toBe(17n);
    const forged = [asm.imm64(1, 16, Number(FUNC_PTR_BASE >> 32n)), asm.funcPtr(2, 'f'), asm.helper(50), asm.exit()];
    expect(runLines([...forged, asm.label('f'), asm.exit()], setup).fault!.kind).toBe(FAULT.BAD_ARGUMENT);
  });
});

describe('tail calls', () => {
  const jumpTo = (index: number) => [asm.mapFd(2, PROGS), asm.mov(3, index), asm.helper(12)];

  test('go on in the other program, in the same frame, and never come back', () => {
    const world = new JitWorld();
    world.setCtx(new Uint8Array(8));
    const other = prepare(world, [asm.load(8, 0, 10, -8), asm.aluX('add', 0, 1), asm.exit()]);
    world.place(5, other);
    world.mem.i32[SLOTS >> 2] = 5;
    const main = prepare(world, [asm.storeImm(8, 10, -8, 1), ...jumpTo(0), asm.mov(0, 99), asm.exit()]);
    const run = world.run(main, CTX_BASE);
    // The other program's frame starts as zeros, since it reads what it did not write.
    expect(run).toMatchObject({ r0: BigInt(CTX_BASE), insns: 7 });
  });

  test('an empty slot and an index out of range fall through', () => {
    for (const index of [1, 3, -1]) expect(runLines([...jumpTo(index), asm.mov(0, 99), asm.exit()]).r0).toBe(99n);
  });

  test('after 33 of them the next falls through', () => {
    const world = new JitWorld();
    const count = prepare(world, [
      asm.load(4, 6, 1, 0),
      asm.alu('add', 6, 1),
      asm.store(4, 1, 0, 6),
      ...jumpTo(0),
      asm.mov(0, 7),
      asm.exit(),
    ]);
    world.setCtx(new Uint8Array(8));
    world.place(5, count);
    world.mem.i32[SLOTS >> 2] = 5;
    expect(world.run(count, CTX_BASE).r0).toBe(7n);
    expect(world.mem.u32[CTX_BASE >> 2]).toBe(34);
  });

  test('from a subprogram they return to its caller', () => {
    const world = new JitWorld();
    world.place(5, prepare(world, [asm.mov(0, 50), asm.exit()]));
    world.mem.i32[SLOTS >> 2] = 5;
    const lines = [
      asm.call('f'),
      asm.alu('add', 0, 1),
      asm.exit(),
      asm.label('f'),
      ...jumpTo(0),
      asm.mov(0, 99),
      asm.exit(),
    ];
    expect(runLines(lines, { starts: ['main', 'f'] }, world).r0).toBe(51n);
  });

  test('a map known only when run is looked up by its handle', () => {
    const world = new JitWorld();
    const words = [MAP_TYPE.PROG_ARRAY, 4, 4, 3, SLOTS, 4];
    words.forEach((word, i) => {
      world.mem.u32[(PROGS >> 2) + i] = word;
    });
    world.place(5, prepare(world, [asm.mov(0, 50), asm.exit()]));
    world.mem.i32[(SLOTS >> 2) + 2] = 5;
    const lines = (handle: number) => [
      asm.mov(2, handle),
      asm.alu('mul', 2, 1),
      asm.mov(3, 2),
      asm.helper(12),
      asm.mov(0, 9),
      asm.exit(),
    ];
    expect(runLines(lines(PROGS), {}, world).r0).toBe(50n);
    for (const bad of [PROGS + 64, PROGS + 4, 0, -1])
      expect(runLines(lines(bad), {}, world).fault!.kind).toBe(FAULT.BAD_ARGUMENT);
  });

  test('a stub translates the program when it is reached, once, or stops the run', () => {
    const world = new JitWorld();
    const other = prepare(world, [asm.mov(0, 50), asm.exit()]);
    world.mem.i32[SLOTS >> 2] = 5;
    world.mem.i32[(SLOTS >> 2) + 1] = 6;
    let translated = 0;
    world.placeStub(5, (index) => {
      translated++;
      world.place(index, other);
      return 0;
    });
    world.placeStub(6, () => FAULT.BAD_CALL_TARGET);
    const first = prepare(world, [...jumpTo(0), asm.exit()]);
    expect([world.run(first).r0, world.run(first).r0, translated]).toEqual([50n, 50n, 1]);
    const run = runLines([asm.mov(6, 0), ...jumpTo(1), asm.exit()], {}, world);
    expect(run.fault).toMatchObject({ kind: FAULT.BAD_CALL_TARGET, pc: 4, prog: 7 });
  });
});
