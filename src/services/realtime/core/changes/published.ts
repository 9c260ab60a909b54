import type { Database } from '#kernel/sql';
import { type PublishedTable, publishedTables } from '../../sql/changes/catalogue.ts';
import { guardStep, readGuard } from '../../sql/changes/guard.ts';
import { type Binding, notPublished, refusal } from './binding.ts';
import { type FilterPreparer, Refusal } from './match/prepare.ts';
import type { Table, Tables } from './tables.ts';

/** What finding published tables needs. */
export interface PublishedOptions {
  readonly db: Database;
  readonly tables: Tables;
  readonly preparer: FilterPreparer;
  readonly publication: string;
}

/** Many channels that come at once ask the same; milliseconds. */
const keptFor = 250;
const mostKept = 1_000;

/** The publication's tables, and whether bindings fit them. */
export class Published {
  readonly #options: PublishedOptions;
  readonly #known = new Map<string, { readonly at: number; readonly tables: Promise<PublishedTable[]> }>();

  constructor(options: PublishedOptions) {
    this.#options = options;
  }

  /** Those that a binding names. */
  tables({ schema, table }: Binding): Promise<PublishedTable[]> {
    const key = JSON.stringify([schema, table]);
    const known = this.#known.get(key);
    if (known && performance.now() - known.at < keptFor) return known.tables;
    const { db, publication } = this.#options;
    const tables = publishedTables(db, publication, schema, table);
    if (this.#known.size >= mostKept) this.#known.clear();
    this.#known.set(key, { at: performance.now(), tables });
    tables.catch(() => this.#known.delete(key));
    return tables;
  }

  /** A table as of now; undefined when it is gone. */
  async table(oid: number): Promise<Table | undefined> {
    const { db, tables } = this.#options;
    for (;;) {
      const [result] = await db.pipeline({ role: '', steps: [guardStep([], tables.watched([oid]))] });
      const table = await tables.get(oid, readGuard(result?.rows[0]));
      if (table !== 'stale') return table;
    }
  }

  /** Why a role may not be given what bindings ask for, as the client is told; undefined: it may. */
  async refusalOf(bindings: readonly Binding[], role: string): Promise<string | undefined> {
    for (const binding of bindings) {
      const tables = await this.tables(binding);
      if (tables.length === 0) return notPublished(binding);
      for (const { oid } of tables) {
        const table = await this.table(oid);
        if (!table) continue;
        try {
          await this.#options.preparer.prepare(table, await table.view(role), binding);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          return `${refusal(binding)} Exception: ${error.message}`;
        }
      }
    }
    return undefined;
  }
}
