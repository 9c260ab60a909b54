import type { Database, PipelineStep, Transaction } from '#kernel/sql';

/** In whose name, and for which request, statements are run. Policies and triggers see all of it. */
export interface Scope {
  /** Database role; never `none`, which would be the owner of the tables. */
  readonly role: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly token: string;
  readonly request: {
    /** JSON object of header texts. */
    readonly headers: string;
    readonly method: string;
    readonly path: string;
  };
  /** e.g. `storage.object.upload`; what `storage.operation()` tells. */
  readonly operation: string;
  /** Milliseconds a statement may take. */
  readonly statementTimeout: number;
}

/** The same request with the rights of the service role: for what is the server's own business. */
export const asService = (scope: Scope): Scope =>
  scope.role === 'service_role'
    ? scope
    : { ...scope, role: 'service_role', claims: { role: 'service_role' }, token: '' };

const text = `select set_config('role', $1, true), set_config('request.jwt.claim.role', $1, true),
  set_config('request.jwt', $2, true), set_config('request.jwt.claim.sub', $3, true),
  set_config('request.jwt.claims', $4, true), set_config('request.headers', $5, true),
  set_config('request.method', $6, true), set_config('request.path', $7, true),
  set_config('storage.operation', $8, true), set_config('storage.allow_delete_query', 'true', true),
  set_config('statement_timeout', $9, true)`;

/** The statement that enters a scope for the rest of a transaction. */
export function scopeStep(scope: Scope): PipelineStep & { readonly values: readonly string[] } {
  const { claims, request } = scope;
  return {
    text,
    values: [
      scope.role,
      scope.token,
      typeof claims.sub === 'string' ? claims.sub : '',
      JSON.stringify(claims),
      request.headers,
      request.method,
      request.path,
      scope.operation,
      String(scope.statementTimeout),
    ],
  };
}

const serviceText = `select set_config('role', $1, true), set_config('request.jwt.claim.role', $1, true),
  set_config('request.jwt.claims', $2, true), set_config('storage.operation', $3, true),
  set_config('statement_timeout', $4, true)`;

/** The statement that takes the service role for a read of the server's own: what is being asked for concerns nobody then. */
export const serviceStep = ({
  operation,
  statementTimeout,
}: Pick<Scope, 'operation' | 'statementTimeout'>): PipelineStep => ({
  text: serviceText,
  values: ['service_role', '{"role":"service_role"}', operation, String(statementTimeout)],
});

/** Enters a scope inside a transaction; it may be entered again, and left for the tables' owner. */
export async function enter(transaction: Transaction, scope: Scope): Promise<void> {
  const step = scopeStep(scope);
  await transaction.query(step.text, step.values);
}

/** Becomes the owner of the product's own tables for the rest of the transaction. */
export async function leave(transaction: Transaction): Promise<void> {
  await transaction.query("select set_config('role', 'none', true)");
}

/** Runs statements in one transaction under a scope. */
export function scoped<T>(db: Database, scope: Scope, work: (transaction: Transaction) => Promise<T>): Promise<T> {
  return db.transaction(async (transaction) => {
    await enter(transaction, scope);
    return work(transaction);
  });
}

/** Runs statements in one transaction as the owner of the tables: for what only the service role may ask for. */
export function owned<T>(
  db: Database,
  { operation, statementTimeout }: Scope,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  return db.transaction(async (transaction) => {
    await transaction.query(
      "select set_config('storage.operation', $1, true), set_config('statement_timeout', $2, true)",
      [operation, String(statementTimeout)],
    );
    return work(transaction);
  });
}

/** Thrown to end a transaction without keeping what it did. */
class Undone<T> extends Error {
  readonly result: T;

  constructor(result: T) {
    super('undone on purpose');
    this.result = result;
  }
}

/** Runs statements under a scope and takes everything back: what fails here would fail for real, too. */
export async function rehearse<T>(
  db: Database,
  scope: Scope,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  try {
    await scoped(db, scope, async (transaction) => {
      throw new Undone(await work(transaction));
    });
  } catch (error) {
    if (error instanceof Undone) return error.result as T;
    throw error;
  }
  throw new Error('unreachable');
}
