/** What the running kernel answers to .kconfig externs: its version, and the options it was built with where it shows them. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { KernelConfig, ObjectSpec } from '../../../engine/index.ts';
import { kernelRelease } from './release.ts';

let config: KernelConfig | null = null;

/** LINUX_VERSION_CODE of a release: `6.12.117+deb12` is 0x060c75. */
export function versionCode(release: string): number {
  const [major = 0, minor = 0, patch = 0] = release.split(/[.+-]/).map((part) => Number(part) || 0);
  return (major << 16) | (minor << 8) | Math.min(patch, 255);
}

function configText(): string {
  try {
    return new TextDecoder().decode(gunzipSync(readFileSync('/proc/config.gz')));
  } catch {
    try {
      return readFileSync(`/boot/config-${kernelRelease()}`, 'utf8');
    } catch {
      return '';
    }
  }
}

/** bpf_object__read_kconfig_file: options that are set; none where the kernel does not show them. */
export function parseConfig(text: string): KernelConfig {
  const options = [...text.matchAll(/^(CONFIG_\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!] as const);
  return Object.fromEntries(options);
}

/** Of the running kernel, read once. */
export function kernelConfig(): KernelConfig {
  config ??= { ...parseConfig(configText()), LINUX_KERNEL_VERSION: String(versionCode(kernelRelease())) };
  return config;
}

/** Whether an object asks for any of it. */
export function asksForConfig(spec: ObjectSpec): boolean {
  return spec.maps.some((map) => map.section === '.kconfig');
}
