/** A value of a statement: text (the server infers the type), bytes, or null. */
export type SqlValue = string | Buffer | null;

/** A statement with its values. */
export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
  /** True: its row is wanted as the server's bytes. */
  readonly raw?: boolean;
}

/** Collects the values of a statement; what it hands out stands in the text in their place. */
export class Parameters {
  readonly values: SqlValue[] = [];

  /** `$n` for a value. */
  add(value: SqlValue): string {
    return `$${this.values.push(value)}`;
  }
}
