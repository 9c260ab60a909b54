/** A statement that clients of a pool prepared under names of their own. */
export interface PreparedStatement {
  /** Its name on every backend. */
  readonly serverName: string;
  /** Text and parameter types: what follows the name in Parse. */
  readonly definition: Buffer;
  readonly key: string;
  /** Client names that mean it. */
  users: number;
}

/** All statements of a pool. Clients that prepare the same text share one. */
export interface StatementRegistry {
  acquire(definition: Buffer): PreparedStatement;
  release(statement: PreparedStatement): void;
  readonly size: number;
}

/** Names on backends begin so; a client's own name never reaches one. */
export const serverNamePrefix = 'pooler_';

/** A name no statement ever has: closing it answers CloseComplete and does nothing. */
export const nowhereName = `${serverNamePrefix}none`;

/** Creates a registry. @param kept statements remembered although no client has them, for those that come back */
export function createStatementRegistry(kept: number): StatementRegistry {
  const byKey = new Map<string, PreparedStatement>();
  /** Least recently left first. */
  const unused = new Map<string, PreparedStatement>();
  let made = 0;
  return {
    acquire(definition) {
      const key = definition.toString('latin1');
      const known = byKey.get(key);
      if (known) {
        if (known.users++ === 0) unused.delete(key);
        return known;
      }
      const statement = {
        serverName: `${serverNamePrefix}${(++made).toString(36)}`,
        definition: Buffer.from(definition),
        key,
        users: 1,
      };
      byKey.set(key, statement);
      return statement;
    },
    release(statement) {
      if (--statement.users > 0) return;
      unused.set(statement.key, statement);
      if (unused.size <= kept) return;
      const [oldest] = unused.keys() as MapIterator<string>;
      unused.delete(oldest as string);
      byKey.delete(oldest as string);
    },
    get size() {
      return byKey.size;
    },
  };
}
