/** Object literals of TypeScript sources: found around a name, read with positions, expressions told from literals. */
import { expect, test } from 'bun:test';
import { nodeIn, type SourceNode } from '../../../src/update/source-tree.ts';
import { namePosition, objectAround } from '../../../src/update/ts-source.ts';

const SOURCE = `import { suite, test } from 'bpfdeck';
const re = /[{'"]/; // { a comment
/* { another */
const text = \`\${{ a: '}' }.a} {\`;
suite({ object: 'a.o' }, [
  {
    name: 'first',
    data_in: [...tcp({ dst: '{' }).bytes()].slice(0, 4),
    expect: { retval: 'XDP_TX', maps: { counters: { 0: [{ packets: 1, bytes: 5n }], [key]: 7 }, '.bss': { 'a': -1 } } },
    ...more({ name: 'no' }),
    flags: a ? 1 : 2,
    neg: -0x10,
    as: 5 as const,
    re: /}/,
  },
  { name: "it's", expect: { ok: true, list: ['a', 'b' + 'c', null] } },
]);
`;

const around = (name: string, line: number) => objectAround(SOURCE, namePosition(SOURCE, name, line));
const shown = (node: SourceNode | null) => node && `${node.kind} ${SOURCE.slice(node.start, node.end)}`;
const at = (name: string, line: number, ...path: (string | number)[]) => shown(nodeIn(around(name, line), path));

test('values by their paths', () => {
  expect(at('first', 7, 'name')).toBe("string 'first'");
  expect(at('first', 7, 'expect', 'retval')).toBe("string 'XDP_TX'");
  expect(at('first', 7, 'expect', 'maps', 'counters', '0', 0, 'packets')).toBe('number 1');
  expect(at('first', 7, 'expect', 'maps', 'counters', '0', 0, 'bytes')).toBe('bigint 5n');
  expect(at('first', 7, 'expect', 'maps', '.bss', 'a')).toBe('number -1');
  expect(at('first', 7, 'neg')).toBe('number -0x10');
  expect(at("it's", 16, 'expect', 'ok')).toBe('word true');
  expect(at("it's", 16, 'expect', 'list', 0)).toBe("string 'a'");
  expect(at("it's", 16, 'expect', 'list', 2)).toBe('word null');
});

test('expressions are no literals', () => {
  expect(at('first', 7, 'data_in')).toBe("other [...tcp({ dst: '{' }).bytes()].slice(0, 4)");
  expect(at('first', 7, 'flags')).toBe('other a ? 1 : 2');
  expect(at('first', 7, 'as')).toBe('other 5 as const');
  expect(at('first', 7, 're')).toBe('regexp /}/');
  expect(at("it's", 16, 'expect', 'list', 1)).toBe("other 'b' + 'c'");
  expect(at('first', 7, 'nothing')).toBeNull();
});

test('names that are not there, sources that end in the middle', () => {
  expect(namePosition(SOURCE, 'first', 2)).toBe(-1);
  expect(objectAround('test(name)', 5)).toBeNull();
  for (let cut = 0; cut < SOURCE.length; cut += 3) {
    const part = SOURCE.slice(0, cut);
    const position = part.indexOf("'first'");
    if (position >= 0) objectAround(part, position);
  }
});
