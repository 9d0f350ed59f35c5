/** Names of what programs return, by program type, and the numbers users may write by those names (include/uapi/linux/{bpf,pkt_cls,netfilter}.h). */

type Names = Readonly<Record<number, string>>;

const XDP: Names = { 0: 'XDP_ABORTED', 1: 'XDP_DROP', 2: 'XDP_PASS', 3: 'XDP_TX', 4: 'XDP_REDIRECT' };
const TC: Names = {
  4294967295: 'TC_ACT_UNSPEC',
  0: 'TC_ACT_OK',
  1: 'TC_ACT_RECLASSIFY',
  2: 'TC_ACT_SHOT',
  3: 'TC_ACT_PIPE',
  4: 'TC_ACT_STOLEN',
  5: 'TC_ACT_QUEUED',
  6: 'TC_ACT_REPEAT',
  7: 'TC_ACT_REDIRECT',
  8: 'TC_ACT_TRAP',
};
const SK: Names = { 0: 'SK_DROP', 1: 'SK_PASS' };
const LWT: Names = { 0: 'BPF_OK', 2: 'BPF_DROP', 7: 'BPF_REDIRECT', 128: 'BPF_LWT_REROUTE' };
const FLOW: Names = { 0: 'BPF_OK', 2: 'BPF_DROP', 129: 'BPF_FLOW_DISSECTOR_CONTINUE' };
const NETFILTER: Names = { 0: 'NF_DROP', 1: 'NF_ACCEPT' };

/** By PROG_TYPE number. */
const NAMES: Readonly<Record<number, Names>> = {
  3: TC,
  4: TC,
  6: XDP,
  8: SK,
  10: LWT,
  11: LWT,
  12: LWT,
  22: FLOW,
  30: SK,
  32: NETFILTER,
};

const SOCKET_FILTER = 1;

/** Name of an unsigned return value, '' where it has none. Socket filters return how many bytes to keep. */
export function retvalName(progType: number, retval: number): string {
  if (progType === SOCKET_FILTER) return retval === 0 ? 'drop' : retval === 0xffffffff ? 'keep all' : `keep ${retval}`;
  return NAMES[progType]?.[retval] ?? '';
}

/** Names a user may write for a type's return value. */
export function verdictNames(progType: number): string[] {
  return Object.values(NAMES[progType] ?? {});
}

/** The unsigned number behind a verdict's name, null for a name the type does not have. */
export function verdictNumber(progType: number, name: string): number | null {
  return NUMBERS.get(progType)?.get(name.toUpperCase()) ?? null;
}

/** By type, then by name: every case asks. */
const NUMBERS: ReadonlyMap<number, ReadonlyMap<string, number>> = new Map(
  Object.entries(NAMES).map(([type, names]) => [
    Number(type),
    new Map(Object.entries(names).map(([number, name]) => [name, Number(number)])),
  ]),
);

/** `XDP_DROP (1)`, `2 (-2 …)` for negative numbers without a name, or the number alone. */
export function retvalText(progType: number, retval: number): string {
  const name = retvalName(progType, retval);
  if (name !== '') return `${name} (${retval})`;
  return retval > 0x7fffffff ? `${retval} (${retval | 0})` : String(retval);
}

/** Whether any program type has a verdict of this name. */
export function isVerdictName(name: string): boolean {
  return Object.keys(NAMES).some((type) => verdictNumber(Number(type), name) !== null);
}

/** Every verdict name of every type. */
export function allVerdictNames(): string[] {
  return [...new Set(Object.values(NAMES).flatMap((names) => Object.values(names)))];
}
