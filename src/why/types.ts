/** Why a program returned what it returned: what its traced rerun says, in words, bounded in size. */

export interface WhyPlace {
  readonly program: string;
  /** Function the instruction is in, where it is not the program's entry; else ''. */
  readonly subprogram: string;
  readonly insn: number;
  /** '' and 0 where the object has no line for the instruction. */
  readonly file: string;
  readonly line: number;
  /** Source text of that line without its indentation, '' if unknown. */
  readonly text: string;
}

/** A source line near the place of return, as far as the object's line records have it. */
export interface WhyLine {
  readonly line: number;
  readonly text: string;
  readonly executed: boolean;
  /** The line that it returned from. */
  readonly returned: boolean;
}

/** A value with a name: `ip6->nexthdr = 17 (packet[20])`, `r0 = 2`. */
export interface WhyValue {
  readonly name: string;
  readonly value: string;
  /** Where it was: `packet[20]`, `backends[3]`, a context field; '' where there is nothing to add. */
  readonly where: string;
}

export interface WhyBranch extends WhyPlace {
  /** With the values compared: `r2 (17) != 6`. */
  readonly condition: string;
  readonly taken: boolean;
}

export interface WhyCall extends WhyPlace {
  /** `bpf_map_lookup_elem(backends, 7) → NULL, keys present: 0 1 2 3`. */
  readonly said: string;
  /** Returned NULL or a negative errno. */
  readonly failed: boolean;
}

export interface Why {
  /** The source line that settled what was returned, or the instruction of the fault; null when nothing ran. */
  readonly returned: WhyPlace | null;
  /** In the order of the file. */
  readonly source: readonly WhyLine[];
  /** At the end: r0 first. */
  readonly registers: readonly WhyValue[];
  /** Fields and variables read on the way, each with its last value, in the order of their last reads. */
  readonly values: readonly WhyValue[];
  /** The last branch of the line returned from, or else before it; null: it came straight there. */
  readonly decisive: WhyBranch | null;
  /** The last ones before the end, oldest first. */
  readonly branches: readonly WhyBranch[];
  /** Helper calls, the last ones, oldest first. */
  readonly calls: readonly WhyCall[];
  /** The last instructions: where, disassembly, what changed. */
  readonly trace: readonly string[];
  /** Instructions before those of `trace`. */
  readonly left_out: number;
  /** What limits the explanation (the run was too long to be traced whole); '' when nothing does. */
  readonly note: string;
}
