/** Mistakes in YAML and JSON case files: each is told with its line. */
import { afterAll, expect, test } from 'bun:test';
import { CaseFiles } from '../support/case-files.ts';

const files = new CaseFiles();
afterAll(() => files.remove());

async function mistake(extension: string, text: string): Promise<string> {
  const { errors } = await files.load(files.write(extension, text));
  return errors.map(({ line, message }) => `${line}: ${message}`).join(' | ');
}

const CASE = 'object: xdp-verdicts/xdp-verdicts.bpf.o\n  program: verdict_pass\n';

test.each([
  ['yaml', '- name: a\n  name: b\n', '2: Map keys must be unique'],
  ['yaml', '- name: a\n\tobject: b\n', '2: a tab indents the line, where YAML takes blanks'],
  ['yaml', '', '1: a case, a list of cases, or {cases: […]} belongs here'],
  ['yaml', 'a: &a [*a]', '1: values lie more than 100 deep in each other'],
  ['yaml', `- name: a\n  ${CASE}  data_in: 0001\n`, '1: case "a": `data_in` is a number: put hex digits in quotes'],
  [
    'yaml',
    `- name: a\n  ${CASE}  expect: {printk: [{regexp: '('}]}`,
    '4: [0].expect.printk[0]: Invalid regular expression: missing )',
  ],
  [
    'yaml',
    `cases:\n- name: a\n  ${CASE}  expect: {maps: {.bss: {x: 12345678901234567890}}}`,
    "5: cases[0].expect.maps..bss.x: 12345678901234567000 is beyond what the file's numbers can hold exactly: write it as text, '0x…'",
  ],
  ['json', '{\n"name": "a",\n}', '3: Property name must be a string literal'],
  ['json', '[\n{"name": "a" "object": "b"}]', "2: Expected '}'"],
])('%s %j', async (extension, text, expected) => expect(await mistake(extension, text)).toBe(expected));

test('merge keys and anchors are those of YAML', async () => {
  const { cases, errors } = await files.load(
    files.write('yaml', `- &one\n  name: a\n  ${CASE}- <<: *one\n  name: b\n  expect: {retval: 1e1}\n`),
  );
  expect(errors).toEqual([]);
  expect(cases.map((one) => [one.name, one.program, one.line, one.expect.retval])).toEqual([
    ['a', 'verdict_pass', 2, undefined],
    ['b', 'verdict_pass', 6, 10],
  ]);
});
