/** What programs of a live run print and send, kept for the end, and told line by line while it goes on. */
import type { OutputRecord } from '../../engine/index.ts';
import type { DrivenRun } from './backend.ts';

/** Lines and records that are kept: the last ones. */
const KEPT_MAX = 1000;

export class LiveOutputLog {
  private readonly run: Pick<DrivenRun, 'takeOutput'>;
  private printk: string[] = [];
  private records: OutputRecord[] = [];

  constructor(run: Pick<DrivenRun, 'takeOutput'>) {
    this.run = run;
  }

  /** Lines of trace_printk since the last time. */
  fresh(): readonly string[] {
    const { printk, records } = this.run.takeOutput();
    if (printk.length > 0) this.printk = [...this.printk, ...printk].slice(-KEPT_MAX);
    if (records.length > 0) this.records = [...this.records, ...records].slice(-KEPT_MAX);
    return printk;
  }

  all(): { readonly printk: readonly string[]; readonly records: readonly OutputRecord[] } {
    this.fresh();
    return { printk: this.printk, records: this.records };
  }
}
