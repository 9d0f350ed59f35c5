/** What is refused before a program is translated: kernel functions, by the kernel's answer where it has one. */
import { expect, test } from 'bun:test';
import { progRun } from '../../../engine/run/prog-run.ts';
import { loadFixture } from '../../support/fixture-object.ts';

const object = loadFixture('../prog-run/metadata/metadata');
const EINVAL = 22;

test.each([
  ['timestamp', 'bpf_xdp_metadata_rx_timestamp'],
  ['hash', 'bpf_xdp_metadata_rx_hash'],
])('%s: metadata of a device is refused as the kernel refuses a program bound to none', (program, name) => {
  const loaded = object.program(program);
  expect(loaded).toMatchObject({ ok: false, error: { stage: 'load', errno: EINVAL, where: { program } } });
  const message = loaded.ok ? '' : loaded.error.message;
  expect(message).toContain(`${name}: metadata kfuncs require device-bound program`);
});

test('a weak one is NULL, and the program runs', () => {
  const done = progRun(object, 'vlan_if_there', { data_in: new Uint8Array(64) });
  expect(done).toMatchObject({ ok: true, value: { errno: 0, retval: 3, fault: null } });
});

test('any other kernel function is not supported, by name', () => {
  const loaded = object.program('nobody_has');
  expect(loaded).toMatchObject({ ok: false, error: { stage: 'unsupported' } });
  expect(loaded.ok ? '' : loaded.error.message).toContain('bpf_no_such_function');
});
