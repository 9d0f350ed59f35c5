/** What a reporter is: a subscriber of the stream of run events that writes text somewhere. */
import type { Style } from '../format/style.ts';
import type { RunEvent } from '../outcome.ts';
import type { Summary } from '../runner/summary.ts';

export interface ReporterIo {
  readonly out: (text: string) => void;
  readonly style: Style;
  /** Directory that paths are shown relative to. */
  readonly root: string;
  /** Top of the checkout, where a CI system says it. */
  readonly workspace?: string;
}

export interface Reporter {
  readonly event: (event: RunEvent) => void;
  /** After the last event: the summary, and whatever had to wait for it. */
  readonly finish: (summary: Summary) => void;
}

export type ReporterMaker = (io: ReporterIo) => Reporter;
