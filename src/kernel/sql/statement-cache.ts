/** A column of a result: its name, and how its text becomes a value. */
export interface ResultColumn {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

/** A statement's name on the server and whether it still has to be parsed there. */
export interface PreparedStatement {
  readonly name: string;
  readonly isNew: boolean;
  /** What its result looks like, once that was noted. */
  readonly columns: readonly ResultColumn[] | undefined;
}

interface Entry {
  readonly name: string;
  columns?: readonly ResultColumn[];
  /** When it was last wanted, in the cache's own count. */
  used: number;
}

/**
 * The prepared statements of one connection, least recently used first out. They are kept by role: a plan made under one
 * role's policies must never serve another (CVE-2016-2193, CVE-2024-10976).
 */
export class StatementCache {
  readonly #limit: number;
  readonly #roles = new Map<string, Map<string, Entry>>();
  readonly #toClose: string[] = [];
  #size = 0;
  #named = 0;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The statement for a text under a role; a new one pushes out the least recently used beyond the limit. */
  acquire(role: string, text: string): PreparedStatement {
    const used = this.#used++;
    const known = this.#roles.get(role)?.get(text);
    if (known !== undefined) {
      known.used = used;
      return { name: known.name, isNew: false, columns: known.columns };
    }
    if (this.#size >= this.#limit) this.#evict();
    const name = `s${(this.#named++).toString(36)}`;
    const texts = this.#roles.get(role) ?? new Map<string, Entry>();
    this.#roles.set(role, texts.set(text, { name, used }));
    this.#size++;
    return { name, isNew: true, columns: undefined };
  }

  /** Notes what the result of a statement looks like; it stays so as long as the statement does. */
  describe(role: string, text: string, columns: readonly ResultColumn[]): void {
    const entry = this.#roles.get(role)?.get(text);
    if (entry) entry.columns = columns;
  }

  /**
   * Forgets a statement whose parse may have failed. The server may have it all the same, so its name is closed with
   * the next write (closing an unknown name is no error).
   */
  forget(role: string, text: string): void {
    const texts = this.#roles.get(role);
    const entry = texts?.get(text);
    if (texts === undefined || entry === undefined) return;
    texts.delete(text);
    if (texts.size === 0) this.#roles.delete(role);
    this.#size--;
    this.#toClose.push(entry.name);
  }

  /** Forgets everything, e.g. after the schema changed. */
  clear(): void {
    for (const texts of this.#roles.values()) for (const { name } of texts.values()) this.#toClose.push(name);
    this.#roles.clear();
    this.#size = 0;
  }

  /** Names to close on the server with the next write; each is handed out once. */
  takeClosable(): readonly string[] {
    return this.#toClose.length === 0 ? none : this.#toClose.splice(0);
  }

  get size(): number {
    return this.#size;
  }

  // A look at each, which is less work than to keep them in order all the time.
  #evict(): void {
    let oldest: { role: string; text: string; used: number } | undefined;
    for (const [role, texts] of this.#roles)
      for (const [text, { used }] of texts) if (used < (oldest?.used ?? Infinity)) oldest = { role, text, used };
    if (oldest) this.forget(oldest.role, oldest.text);
  }
}

const none: readonly string[] = [];
