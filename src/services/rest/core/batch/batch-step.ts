/** What a step's result must be like. */
export interface Expectation {
  readonly least: number | undefined;
  readonly most: number | undefined;
  /** Column → the text of the value it must have, or null. */
  readonly version: ReadonlyMap<string, string | null>;
}

/** Where a value comes from: a step before this one, and the way through its body. */
export interface Reference {
  /** Position in the batch. */
  readonly step: number;
  readonly path: readonly string[];
  /** As the client wrote it, for errors. */
  readonly text: string;
}

/** One request of a batch, its form checked. */
export interface BatchStep {
  readonly index: number;
  readonly id: string | undefined;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body's bytes as text; JSON stands as the client wrote it. */
  readonly body: string;
  /** By the name that stands for the value. */
  readonly bindings: ReadonlyMap<string, Reference>;
  readonly expectation: Expectation;
}

/** Something went wrong in a step; the cause says what. */
export class StepError extends Error {
  override readonly name = 'StepError';
  readonly step: Pick<BatchStep, 'index' | 'id'>;

  constructor(step: Pick<BatchStep, 'index' | 'id'>, cause: unknown) {
    super('a step of a batch failed', { cause });
    this.step = step;
  }
}
