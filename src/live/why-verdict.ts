/** Frames that go no further than the program's verdict: nothing but a counter tells of them. */
import { found, frames, type LossRow } from './why-types.ts';

export const LOST_BY_VERDICT: readonly LossRow[] = [
  {
    name: 'aborted',
    silent: true,
    find: ({ report }) =>
      found(report.verdicts.aborted, () => ({
        ...{ device: null, word: 'aborted' },
        sentence: `${frames(report.verdicts.aborted)}: XDP_ABORTED, which live frame mode drops without an xdp_exception; a redirect helper that finds no entry, or gets a flag it does not know, returns it too`,
        mend: 'fill the key in the redirect map (--map), or give bpf_redirect_map XDP_PASS as its flags; bpf_redirect takes no flags',
      })),
  },
  {
    name: 'unknown verdict',
    silent: true,
    find: ({ report }) =>
      found(report.verdicts.unknown, () => ({
        ...{ device: null, word: 'verdict' },
        sentence: `${frames(report.verdicts.unknown)}: the program returned a number that is no verdict, which drops the frame without a tracepoint`,
        mend: 'return XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX or XDP_REDIRECT (0 to 4)',
      })),
  },
  {
    name: 'dropped by the program',
    wanted: true,
    find: ({ report }) =>
      found(report.verdicts.drop, () => ({
        ...{ device: null, word: 'drop' },
        sentence: `${frames(report.verdicts.drop)}: XDP_DROP by the program, or by bpf_redirect_map with flags 1 for a key that is not there`,
        mend: 'nothing to mend if that is what the program is for',
      })),
  },
];
