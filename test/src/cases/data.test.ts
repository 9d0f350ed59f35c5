/** Cases written as YAML and JSON: the same cases as TypeScript gives, mistakes with their lines, and the schema that ships. */
import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { casesOfData } from '../../../src/cases/data.ts';
import { loadCases } from '../../../src/cases/load.ts';
import { caseSchema } from '../../../src/cases/schema.ts';
import { loadProject } from '../../../src/config.ts';

const root = mkdtempSync(join(tmpdir(), 'data-'));
afterAll(() => rmSync(root, { recursive: true }));
let projects = 0;

async function load(files: { readonly [name: string]: string }) {
  const directory = join(root, String(++projects));
  mkdirSync(directory);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const loaded = await loadProject(directory);
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loadCases(loaded.project);
}

const YAML = `# yaml-language-server: $schema=case.schema.json
object: build/lb.o
program: xdp_lb
env: {time_ns: '18446744073709551615'}
cases:
  - name: a new flow
    data_in: {packet: [eth, {ipv4: {ttl: 9}}, {udp: {dest: 53}}]}
    expect:
      retval: XDP_TX
      printk: [{regexp: '^flow \\d+$', flags: i}]
      data_out: {ipv4.ttl: 8}
  - name: burst
    program: other
    steps:
      - {repeat: 3}
      - {name: drop, expect: {retval: 1}}
`;

test('YAML and JSON give what TypeScript would', async () => {
  const json = JSON.stringify({ $schema: './s.json', ...(Bun.YAML.parse(YAML) as object) }, null, 2);
  const ts = `import { pkt, suite } from 'bpfdeck';
suite({ object: 'build/lb.o', program: 'xdp_lb', env: { time_ns: 18446744073709551615n } }, [
  { name: 'a new flow', data_in: pkt.eth().ipv4({ ttl: 9 }).udp({ dest: 53 }),
    expect: { retval: 'XDP_TX', printk: [/^flow \\d+$/i], data_out: { 'ipv4.ttl': 8 } } },
  { name: 'burst', program: 'other', steps: [{ repeat: 3 }, { name: 'drop', expect: { retval: 1 } }] },
]);`;
  const from = async (file: string, text: string) => {
    const { cases, errors } = await load({ [file]: text });
    expect(errors).toEqual([]);
    return cases.map(({ id, file: _file, line, object, ...rest }) => ({
      ...rest,
      name: id.split(' › ').at(-1),
      lines: line > 1,
    }));
  };
  const yaml = await from('a.case.yaml', YAML);
  expect(yaml).toHaveLength(2);
  expect(yaml).toEqual(await from('a.case.ts', ts));
  expect(yaml).toEqual(await from('a.case.json', json));
});

test('the line of a case is found, and mistakes are told with it', async () => {
  const { cases, errors } = await load({ 'a.case.yml': YAML.replace('program: other', 'pogram: other') });
  expect(cases.map((one) => one.line)).toEqual([6]);
  expect(errors).toMatchObject([
    { line: 13, message: expect.stringContaining('no field `pogram`: did you mean program?') },
  ]);
});

test('what cannot be read is an error of its file', async () => {
  const { errors } = await load({
    'a.case.yaml': 'a: 1\nb:\n  - c: [1\nd: 2\n',
    'b.case.json': '{\n "a": x\n}',
    'c.case.yaml': 'name: n\nobject: o\nprogram: p\nmaps: {a: {0: 18446744073709551615}}\n',
    'd.case.yaml': 'just text\n',
    'e.case.yaml': "name: n\nobject: o\nprogram: p\nexpect: {printk: [{regexp: '('}]}\n",
  });
  expect(errors.map((error) => error.file.slice(-11))).toEqual(
    ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.case.${name === 'b' ? 'json' : 'yaml'}`),
  );
  expect(errors[0]?.line).toBe(4);
  expect(errors[1]?.line).toBe(2);
  expect(errors[2]?.message).toContain('maps.a.0: 18446744073709552000 is beyond');
  expect(errors[3]?.message).toContain('a list of cases');
  expect(errors[4]?.message).toContain('expect.printk[0]');
});

test('regular expressions are made where something is expected, and nowhere else', () => {
  const made = casesOfData([{ maps: { a: { regexp: 'x' } }, expect: { fault: { regexp: 'x' } } }]) as [
    { maps: unknown; expect: { fault: unknown } },
  ];
  expect(made[0].maps).toEqual({ a: { regexp: 'x' } });
  expect(made[0].expect.fault).toEqual(/x/);
});

test('the schema that ships is the one the loader knows: bpfdeck schema > docs/case.schema.json', () => {
  const shipped = readFileSync(join(import.meta.dir, '../../../docs/case.schema.json'), 'utf8');
  expect(JSON.parse(shipped)).toEqual(JSON.parse(JSON.stringify(caseSchema())));
});

/** As much of JSON schema as ours uses. */
function fits(schema: Schema, value: unknown): boolean {
  const { $ref, anyOf, type, properties, required, additionalProperties, items } = schema;
  if ($ref) return fits(DEFINITIONS[$ref.split('/').at(-1)!]!, value);
  if (anyOf && !anyOf.some((one) => fits(one, value))) return false;
  if ('const' in schema && schema.const !== value) return false;
  if (schema.enum && !schema.enum.includes(value)) return false;
  if (schema.pattern && typeof value === 'string' && !new RegExp(schema.pattern).test(value)) return false;
  const kind = Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
  if (type && type !== kind) return false;
  if (kind === 'array') return (value as unknown[]).every((item) => !items || fits(items, item));
  if (kind !== 'object' || !properties) return true;
  const record = value as Record<string, unknown>;
  if (required?.some((name) => !(name in record))) return false;
  return Object.entries(record).every(([name, inner]) =>
    properties[name] ? fits(properties[name], inner) : additionalProperties !== false,
  );
}

interface Schema {
  readonly [keyword: string]: unknown;
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly type?: string;
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
}
const WHOLE = caseSchema() as Schema;
const DEFINITIONS = (WHOLE as { definitions: { readonly [name: string]: Schema } }).definitions;

test('the schema takes what the loader takes, and refuses what it refuses', () => {
  expect(fits(WHOLE, Bun.YAML.parse(YAML))).toBe(true);
  const one = { name: 'n', object: 'o', program: 'p' };
  expect(fits(WHOLE, one)).toBe(true);
  expect(fits(WHOLE, [one, { object: 'o', cases: [{ name: 'n' }] }])).toBe(true);
  expect(fits(WHOLE, { ...one, expect: { retval: 'XDP_DROP', redirect: false, records: ['ff', { type: 't' }] } })).toBe(
    true,
  );
  for (const odd of [{ name: 'n' }, { ...one, pogram: 1 }, { ...one, expect: { retvl: 1 } }, { ...one, steps: 5 }]) {
    expect(fits(WHOLE, odd)).toBe(false);
  }
  expect(fits(WHOLE, { ...one, expect: { retval: 'XDP_DORP' } })).toBe(false);
});
