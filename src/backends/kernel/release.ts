/** The running kernel's release, and what it should have by it. */
import { release } from 'node:os';

/** As uname(2) says it: `6.18.44-generic`. */
export function kernelRelease(): string {
  return release();
}

/** Major times 1000 plus minor, of a release or of a table's version. */
function rank(version: string): number {
  const [major = 0, minor = 0] = version.split(/[.-]/).map(Number);
  return major * 1000 + minor;
}

/** `missing although 6.18 is newer than 5.18` of a feature that is not there; null where it need not be there yet. */
export function missingAlthough(since: string | null, running = kernelRelease()): string | null {
  if (since === null || rank(running) < rank(since)) return null;
  const short = running.split('.').slice(0, 2).join('.');
  const relation = rank(running) === rank(since) ? 'has it by the table' : `is newer than ${since}`;
  return `missing although ${short} ${relation}`;
}

/** Why a test of something is skipped on a kernel that is older than it; null when it is to run, and then has to pass. */
export function tooOld(name: string, since: string, running = kernelRelease()): string | null {
  return rank(running) < rank(since) ? `${name}: this kernel (${running}) is older than ${since}` : null;
}

/**
 * Why a test that needs a feature is skipped, null when the feature is there. Throws where the kernel is new enough to have
 * it: then its absence is a failure, not a reason to skip.
 */
export function skipWithout(name: string, supported: boolean, since: string, running = kernelRelease()): string | null {
  if (supported) return null;
  const although = missingAlthough(since, running);
  if (although !== null) throw new Error(`${name}: ${although}`);
  return tooOld(name, since, running);
}
