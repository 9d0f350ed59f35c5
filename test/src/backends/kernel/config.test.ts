/** What .kconfig externs are by a kernel's version and configuration. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { decodeBtf, type KernelConfig, openObject } from '../../../../engine/index.ts';
import { asksForConfig, parseConfig, versionCode } from '../../../../src/backends/kernel/config.ts';
import { fixture } from '../../../support/cli.ts';

test.each([
  ['6.12.117+deb12-cloud-amd64', 0x06_0c_75],
  ['5.4.0-150-generic', 0x05_04_00],
  ['4.19.300', 0x04_13_ff],
  ['7.0-rc3', 0x07_00_00],
])('%s is version %d', (release, code) => {
  expect(versionCode(release)).toBe(code);
});

test('a configuration file gives the options that are set', () => {
  const text = '# CONFIG_A is not set\nCONFIG_B=y\nCONFIG_C=m\nCONFIG_HZ=1000\nCONFIG_NAME="x y"\n';
  expect(parseConfig(text)).toEqual({ CONFIG_B: 'y', CONFIG_C: 'm', CONFIG_HZ: '1000', CONFIG_NAME: '"x y"' });
  expect(parseConfig('')).toEqual({});
});

describe('what an object reads', () => {
  const read = (object: string, config: KernelConfig | undefined) => {
    const bytes = new Uint8Array(readFileSync(fixture(object)));
    const opened = openObject({ path: object, bytes }, config === undefined ? {} : { config });
    if (!opened.ok) throw new Error(opened.error.message);
    const map = opened.value.maps.find((one) => one.section === '.kconfig')!;
    return decodeBtf(opened.value.btf!, map.value_type_id, map.data!);
  };

  test.each([
    ['nothing said', undefined, [0x06_12_00, false, 0]],
    ['version alone', { LINUX_KERNEL_VERSION: '77' }, [77, false, 0]],
    ['numbers', { CONFIG_BPF: 'y', CONFIG_NO_SUCH_NUMBER: '0x10' }, [0x06_12_00, false, 16]],
    ['letters', { CONFIG_BPF: 'y', CONFIG_NO_SUCH_OPTION: 'y', CONFIG_NO_SUCH_NUMBER: 'm' }, [0x06_12_00, true, 2]],
    ['what is no number', { CONFIG_BPF: 'y', CONFIG_NO_SUCH_NUMBER: '"text"' }, [0x06_12_00, false, 0]],
    ['no bool', { CONFIG_BPF: 'y', CONFIG_NO_SUCH_OPTION: 'm' }, [0x06_12_00, false, 0]],
  ] as const)('%s', (_what, config, [version, option, number]) => {
    const values = read('kconfig', config) as Record<string, unknown>;
    expect(Number(values.LINUX_KERNEL_VERSION)).toBe(version);
    expect(Boolean(values.CONFIG_NO_SUCH_OPTION)).toBe(option);
    expect(Number(values.CONFIG_NO_SUCH_NUMBER)).toBe(number);
  });

  test('which objects ask', () => {
    const spec = (name: string) => {
      const opened = openObject({ path: name, bytes: new Uint8Array(readFileSync(fixture(name))) });
      return opened.ok ? opened.value : null;
    };
    expect(asksForConfig(spec('kconfig')!)).toBe(true);
    expect(asksForConfig(spec('globals')!)).toBe(false);
  });
});
