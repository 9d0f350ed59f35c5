/** The thread that runs cases broke. That is a bug of ours; a watch survives it, with another thread. */
export class RunnerCrash extends Error {
  override readonly name = 'RunnerCrash';
  /** The case that was running; null: none was. */
  readonly case_id: string | null;

  constructor(message: string, case_id: string | null) {
    super(message);
    this.case_id = case_id;
  }
}
