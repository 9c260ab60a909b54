/** An error as PostgreSQL reported it (protocol documentation, "Error and Notice Message Fields"). */
export interface DatabaseError extends Error {
  /** SQLSTATE, five characters. */
  readonly code: string;
  readonly severity: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: string;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
}

/** The error itself where the server raised it, else undefined (lost connections, our own faults). */
export function asDatabaseError(error: unknown): DatabaseError | undefined {
  const candidate = error as Partial<DatabaseError> | null;
  return error instanceof Error && typeof candidate?.code === 'string' && typeof candidate.severity === 'string'
    ? (error as DatabaseError)
    : undefined;
}
