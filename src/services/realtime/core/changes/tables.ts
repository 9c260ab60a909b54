import type { Database } from '#kernel/sql';
import {
  type ColumnInfo,
  type RoleInfo,
  readRole,
  readTable,
  readTypes,
  type TableInfo,
  type TypeInfo,
} from '../../sql/changes/catalogue.ts';
import type { Guard } from '../../sql/changes/guard.ts';
import { type AccessPlan, planAccess } from './policy/plan.ts';
import { claimsRead } from './policy/reads.ts';

/** What a role may see of a table, and how it is found out of which rows. */
export interface RoleView {
  readonly role: string;
  readonly info: RoleInfo;
  readonly plan: AccessPlan;
  /** The primary key can be selected. */
  readonly seesKey: boolean;
}

/** A table as its latest guard describes it. */
export interface Table {
  readonly info: TableInfo;
  readonly columns: ReadonlyMap<string, ColumnInfo>;
  /** Tables whose definition counts for this one's access, itself among them. */
  readonly watched: readonly number[];
  view(role: string): Promise<RoleView>;
}

interface Known {
  readonly table: Table | undefined;
  readonly mark: string;
  readonly watched: readonly number[];
}

/**
 * Tables and what roles may see of them, remembered while the guard says that nothing changed. The types of all columns are
 * known besides.
 */
export class Tables {
  readonly #db: Database;
  readonly #known = new Map<number, Known>();
  readonly #types = new Map<number, TypeInfo>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Tables that a guard has to look at for these. */
  watched(oids: Iterable<number>): Set<number> {
    const all = new Set<number>();
    for (const oid of oids) {
      all.add(oid);
      for (const other of this.#known.get(oid)?.watched ?? []) all.add(other);
    }
    return all;
  }

  /**
   * The table that a guard has looked at.
   *
   * @returns undefined when it is gone; `stale` when the guard has to be read anew since more tables count
   */
  async get(oid: number, guard: Guard): Promise<Table | undefined | 'stale'> {
    const known = this.#known.get(oid);
    if (known && known.mark === markOf(known.watched, guard)) return known.table;
    const info = await readTable(this.#db, oid);
    const relations = new Map(
      (info?.policies ?? []).flatMap(({ relations: others }) => others.map((other) => [other.oid, other] as const)),
    );
    const reads = new Map<number, ReadonlySet<string> | undefined>();
    for (const other of relations.values()) reads.set(other.oid, await this.#readsOf(other));
    const watched = [oid, ...relations.keys()];
    const table = info && this.#make(info, watched, (other) => reads.get(other.oid));
    await this.#learnTypes(info);
    this.#known.set(oid, { table, watched, mark: markOf(watched, guard) });
    // What was not in the guard may have changed unseen.
    return watched.every((each) => guard.tables.has(each) || each === oid) ? table : 'stale';
  }

  /** Looks a type up that some table's column has. */
  readonly type = (oid: number): TypeInfo | undefined => this.#types.get(oid);

  /** Makes types known by their oids. */
  async learn(oids: Iterable<number>): Promise<void> {
    let missing = [...new Set(oids)].filter((oid) => oid !== 0 && !this.#types.has(oid));
    while (missing.length > 0) {
      const found = await readTypes(this.#db, missing);
      for (const type of found) this.#types.set(type.oid, type);
      missing = found.flatMap(({ baseOid, elementOid }) => [baseOid, elementOid]);
      missing = [...new Set(missing)].filter((oid) => oid !== 0 && !this.#types.has(oid));
    }
  }

  async #learnTypes(info: TableInfo | undefined): Promise<void> {
    if (!info) return;
    for (const { type } of info.columns) this.#types.set(type.oid, type);
    await this.learn(info.columns.flatMap(({ type }) => [type.baseOid, type.elementOid]));
  }

  #make(info: TableInfo, watched: readonly number[], readsOf: Parameters<typeof planAccess>[2]): Table {
    const views = new Map<string, Promise<RoleView>>();
    const load = async (role: string): Promise<RoleView> => {
      const roleInfo = await readRole(this.#db, role, info.oid);
      const plan = planAccess(info, roleInfo, readsOf);
      return { role, info: roleInfo, plan, seesKey: info.primaryKey.every((name) => roleInfo.selectable.has(name)) };
    };
    return {
      info,
      watched,
      columns: new Map(info.columns.map((column) => [column.name, column])),
      view(role) {
        const known = views.get(role);
        if (known) return known;
        const loading = load(role);
        views.set(role, loading);
        loading.catch(() => views.delete(role));
        return loading;
      },
    };
  }

  // Views, and tables whose policies look further, are not followed: any claim may count then.
  async #readsOf({ oid, kind }: { oid: number; kind: string }): Promise<ReadonlySet<string> | undefined> {
    if (kind !== 'r' && kind !== 'p') return undefined;
    const info = await readTable(this.#db, oid);
    if (!info) return undefined;
    if (!info.hasRowSecurity) return new Set();
    const all = new Set<string>();
    for (const policy of info.policies) {
      const read = policy.relations.length === 0 ? claimsRead(policy) : undefined;
      if (!read) return undefined;
      for (const claim of read) all.add(claim);
    }
    return all;
  }
}

const markOf = (watched: readonly number[], guard: Guard): string =>
  [guard.everything, ...watched.map((oid) => guard.tables.get(oid) ?? '')].join(' ');
