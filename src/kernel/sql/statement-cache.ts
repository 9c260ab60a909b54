/** A statement's name on the server and whether it still has to be parsed there. */
export interface PreparedStatement {
  readonly name: string;
  readonly isNew: boolean;
}

/**
 * The prepared statements of one connection, least recently used first out. The key holds the role: a plan made under
 * one role's policies must never serve another (CVE-2016-2193, CVE-2024-10976).
 */
export class StatementCache {
  readonly #limit: number;
  readonly #names = new Map<string, string>();
  readonly #toClose: string[] = [];
  #counter = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The statement for a text under a role; a new one pushes out the least recently used beyond the limit. */
  acquire(role: string, text: string): PreparedStatement {
    const key = `${role}\0${text}`;
    const known = this.#names.get(key);
    if (known !== undefined) {
      this.#names.delete(key);
      this.#names.set(key, known);
      return { name: known, isNew: false };
    }
    if (this.#names.size >= this.#limit) {
      const [oldest, name] = this.#names.entries().next().value as [string, string];
      this.#names.delete(oldest);
      this.#toClose.push(name);
    }
    const name = `s${(this.#counter++).toString(36)}`;
    this.#names.set(key, name);
    return { name, isNew: true };
  }

  /**
   * Forgets a statement whose parse may have failed. The server may have it all the same, so its name is closed with
   * the next write (closing an unknown name is no error).
   */
  forget(role: string, text: string): void {
    const key = `${role}\0${text}`;
    const name = this.#names.get(key);
    if (name === undefined) return;
    this.#names.delete(key);
    this.#toClose.push(name);
  }

  /** Forgets everything, e.g. after the schema changed. */
  clear(): void {
    this.#toClose.push(...this.#names.values());
    this.#names.clear();
  }

  /** Names to close on the server with the next write; each is handed out once. */
  takeClosable(): readonly string[] {
    return this.#toClose.length === 0 ? none : this.#toClose.splice(0);
  }

  get size(): number {
    return this.#names.size;
  }
}

const none: readonly string[] = [];
