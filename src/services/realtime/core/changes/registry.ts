import { Audience } from './audience.ts';
import type { Member } from './member.ts';
import type { Table } from './tables.ts';

const keyOf = (schema: string, table: string): string => JSON.stringify([schema, table]);

interface Entry {
  readonly table: Table;
  readonly audience: Audience;
}

/** All bindings by what they name, and for tables that changed lately who wants to know. */
export class Registry {
  readonly #members = new Map<string, Set<Member>>();
  readonly #audiences = new Map<string, Entry>();

  add(member: Member): void {
    const key = keyOf(member.binding.schema, member.binding.table);
    const set = this.#members.get(key) ?? new Set();
    this.#members.set(key, set.add(member));
    for (const [name, { audience }] of this.#audiences) if (matches(member, name)) audience.add(member);
  }

  remove(member: Member): void {
    const key = keyOf(member.binding.schema, member.binding.table);
    const set = this.#members.get(key);
    if (set?.delete(member) && set.size === 0) this.#members.delete(key);
    for (const [name, { audience }] of this.#audiences) if (matches(member, name)) audience.remove(member);
  }

  /** Whether anybody wants to know of a table. */
  wants(schema: string, table: string): boolean {
    return patterns(schema, table).some((key) => this.#members.has(key));
  }

  /** Who wants to know of a table as it is now. The names are those of the time of the change. */
  audience(table: Table, schema: string, name: string): Audience {
    const key = keyOf(schema, name);
    const known = this.#audiences.get(key);
    if (known?.table === table) return known.audience;
    const audience = new Audience(table);
    for (const pattern of patterns(schema, name))
      for (const member of this.#members.get(pattern) ?? []) audience.add(member);
    this.#audiences.set(key, { table, audience });
    return audience;
  }
}

const patterns = (schema: string, table: string): string[] => [
  keyOf(schema, table),
  keyOf(schema, '*'),
  keyOf('*', table),
  keyOf('*', '*'),
];

function matches({ binding }: Member, key: string): boolean {
  const [schema, table] = JSON.parse(key) as [string, string];
  return (binding.schema === '*' || binding.schema === schema) && (binding.table === '*' || binding.table === table);
}
