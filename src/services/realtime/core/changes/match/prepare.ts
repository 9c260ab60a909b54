import { asDatabaseError, type Database } from '#kernel/sql';
import { canonicalValues } from '../../../sql/changes/filters.ts';
import type { Binding } from '../binding.ts';
import type { FilterTerm } from '../filter.ts';
import type { RoleView, Table } from '../tables.ts';
import { type TypeLookup, typeOids } from '../value-json.ts';
import { type PreparedTerm, prepareTerm } from './filter-test.ts';

/** A binding that cannot be: its text is for the client. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** Names of the conditions by which the database refuses values and patterns. */
const conditions: Readonly<Record<string, string>> = {
  '22P02': 'invalid_text_representation',
  '22003': 'numeric_value_out_of_range',
  '22007': 'invalid_datetime_format',
  '22008': 'datetime_field_overflow',
  '2201B': 'invalid_regular_expression',
  '22023': 'invalid_parameter_value',
  '42704': 'undefined_object',
  '42725': 'ambiguous_function',
  '42804': 'datatype_mismatch',
  '42846': 'cannot_coerce',
  '42883': 'undefined_function',
};

const raised = (message: string): Refusal => new Refusal(`ERROR P0001 (raise_exception) ${message}`);

const longestIn = 100;

/** Makes the filters of bindings ready for a table, and refuses those that cannot be (spec §2.1). */
export class FilterPreparer {
  readonly #db: Database;
  readonly #types: TypeLookup;
  readonly #limit: number;
  readonly #canonical = new Map<string, Promise<readonly (string | null)[]>>();

  /** @param limit values remembered in the form of their type */
  constructor(db: Database, types: TypeLookup, limit: number) {
    this.#db = db;
    this.#types = types;
    this.#limit = limit;
  }

  /** Whether an error says that the binding cannot be, not that the database cannot be asked. */
  isRefusal(error: unknown): error is Refusal {
    return error instanceof Refusal;
  }

  /** @throws Refusal for columns, operators and values that do not go together, or that the role may not see */
  async prepare(table: Table, view: RoleView, binding: Binding): Promise<readonly PreparedTerm[]> {
    if (!view.info.exists) throw new Refusal(`ERROR 42704 (undefined_object) role "${view.role}" does not exist`);
    for (const name of binding.select ?? [])
      if (!view.info.selectable.has(name)) throw raised(`invalid column for select ${name}`);
    const prepared: PreparedTerm[] = [];
    for (const term of binding.filters) prepared.push(await this.#prepare(table, view, term));
    return prepared;
  }

  async #prepare(table: Table, view: RoleView, term: FilterTerm): Promise<PreparedTerm> {
    const column = table.columns.get(term.column);
    if (!column || !view.info.selectable.has(term.column)) throw raised(`invalid column for filter ${term.column}`);
    if (term.operator === 'is') {
      const word = term.value.toLowerCase();
      if (!['null', 'true', 'false', 'unknown'].includes(word))
        throw raised(`invalid value for is filter: must be null, true, false or unknown, got ${term.value}`);
      if (word !== 'null' && column.type.baseOid !== typeOids.bool)
        throw raised(`is ${word} filter requires a boolean column, got ${column.type.name}`);
      return prepareTerm(term, column, [], this.#types);
    }
    if (term.operator === 'in' && term.values.length > longestIn)
      throw raised(`too many values for \`in\` filter. Maximum ${longestIn}`);
    return prepareTerm(term, column, await this.#values(term, column.type.sqlName), this.#types);
  }

  #values({ operator, values }: FilterTerm, type: string): Promise<readonly (string | null)[]> {
    const key = JSON.stringify([type, operator, values]);
    const known = this.#canonical.get(key);
    if (known) return known;
    if (this.#canonical.size >= this.#limit) this.#canonical.delete(this.#canonical.keys().next().value as string);
    const asking = canonicalValues(this.#db, operator, type, values).catch((error: unknown) => {
      this.#canonical.delete(key);
      const refused = asDatabaseError(error);
      if (!refused || !/^(22|42)/.test(refused.code)) throw error;
      throw new Refusal(`ERROR ${refused.code} (${conditions[refused.code] ?? 'error'}) ${refused.message}`);
    });
    this.#canonical.set(key, asking);
    return asking;
  }
}
