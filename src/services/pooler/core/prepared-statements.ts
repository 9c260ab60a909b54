/** A statement that clients of a pool prepared under names of their own. */
export interface PreparedStatement {
  /** Its name on every backend. */
  readonly serverName: string;
  /** The same as bytes. */
  readonly serverNameBytes: Buffer;
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
      const serverName = `${serverNamePrefix}${(++made).toString(36)}`;
      const statement = {
        serverName,
        serverNameBytes: Buffer.from(serverName, 'latin1'),
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

/** The statements that are prepared on one server connection, least recently used first. */
export class PreparedThere {
  readonly #all = new Map<PreparedStatement, true>();
  /** The last of them, which is asked for again most of the time. */
  #latest: PreparedStatement | undefined;

  get size(): number {
    return this.#all.size;
  }

  has(statement: PreparedStatement): boolean {
    return this.#all.has(statement);
  }

  /** Makes it the most recently used. @returns false when it is not there */
  use(statement: PreparedStatement): boolean {
    if (this.#latest === statement) return true;
    if (!this.#all.delete(statement)) return false;
    this.add(statement);
    return true;
  }

  add(statement: PreparedStatement): void {
    this.#all.set(statement, true);
    this.#latest = statement;
  }

  delete(statement: PreparedStatement): void {
    this.#all.delete(statement);
    if (this.#latest === statement) this.#latest = undefined;
  }

  clear(): void {
    this.#all.clear();
    this.#latest = undefined;
  }

  get leastRecent(): PreparedStatement | undefined {
    const [first] = this.#all.keys() as MapIterator<PreparedStatement>;
    return first;
  }
}
