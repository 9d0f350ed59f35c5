/** Mistakes in YAML and JSON case files: each is told with its line. */
import { afterAll, expect, test } from 'bun:test';
import { CaseFiles } from '../../support/case-files.ts';

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
  ['yaml', `- name: a\n  ${CASE}  data_in: 0001\n`, '4: case "a": `data_in` is a number: put hex digits in quotes'],
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

test.each([
  [
    'yaml',
    `- name: a\n  ${CASE}  steps:\n  - {}\n  - expect:\n      retval: XDP_PAS\n`,
    '7: case "a": step 2: expect.retval: there is no verdict XDP_PAS: did you mean XDP_PASS?',
  ],
  [
    'yaml',
    `- name: a\n  ${CASE}  data_in:\n    packet:\n    - eth\n    - ipv4: {ttl: 300}\n`,
    '7: case "a": data_in.packet[1]: ipv4.ttl is 300: a whole number from 0 to 255',
  ],
  [
    'json',
    '[{"name": "a",\n"object": "o", "program": "p",\n"repeat": -1}]',
    '3: case "a": `repeat` is -1: an integer from 0 to 4294967295',
  ],
  [
    'ts',
    "export default {\n  name: 'a', object: 'o', program: 'p',\n  expect: {\n    retval: 'XDP_PAS',\n  },\n};\n",
    '4: case "a": expect.retval: there is no verdict XDP_PAS: did you mean XDP_PASS?',
  ],
  [
    'ts',
    "export default [{\n  name: 'a', object: 'o',\n  program: 'p', env: {\n    cpus: 0 } }];\n",
    '4: case "a": `env.cpus` is 0: an integer from 1 to 1024',
  ],
  [
    'yaml',
    `- name: a\n  ${CASE}  steps:\n  - expct: {}\n`,
    '5: case "a": step 1: a step has no field `expct`: did you mean expect?',
  ],
  [
    'yaml',
    `- name: a\n  ${CASE}  expect:\n    retvall: 1\n`,
    '5: case "a": `expect` has no field `retvall`: did you mean retval?',
  ],
])('fields have their lines: %s %j', async (extension, text, expected) =>
  expect(await mistake(extension, text)).toBe(expected),
);

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

test('cases stand on the lines of their names, comments and quotes or not', async () => {
  const text = `# name: a\n- name: a   # first\n  ${CASE}- {name: "a", object: x.o, program: p}\r\n- object: x.o\n  program: p\n  name: 'b'\n`;
  const { cases } = await files.load(files.write('yaml', text));
  expect(cases.map((one) => [one.name, one.line])).toEqual([
    ['a', 2],
    ['a', 5],
    ['b', 8],
  ]);
});
