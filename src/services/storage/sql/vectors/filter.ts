/** What metadata may hold, alone or in lists. */
export type MetadataValue = string | number | boolean;

/** A condition on a vector's metadata. Lists hold at least one. */
export type VectorFilter =
  | { readonly is: 'and' | 'or'; readonly of: readonly VectorFilter[] }
  | { readonly is: 'eq' | 'ne'; readonly key: string; readonly value: MetadataValue }
  | { readonly is: 'gt' | 'gte' | 'lt' | 'lte'; readonly key: string; readonly value: number }
  | { readonly is: 'in' | 'nin'; readonly key: string; readonly values: readonly MetadataValue[] }
  | { readonly is: 'exists'; readonly key: string; readonly value: boolean };

const comparisons = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/**
 * A condition on column `metadata`. Values of different types are never equal, a list equals each of its items, and
 * what is not there fulfils nothing but not to exist.
 *
 * @param bind keeps a value and gives its placeholder
 */
export function filterSql(filter: VectorFilter, bind: (value: unknown) => string): string {
  switch (filter.is) {
    case 'and':
    case 'or':
      return `(${filter.of.map((each) => filterSql(each, bind)).join(` ${filter.is} `)})`;
    case 'eq':
    case 'ne': {
      const equal = `metadata -> ${bind(filter.key)}::text @> ${bind(JSON.stringify(filter.value))}::jsonb`;
      return filter.is === 'eq' ? `(${equal})` : `(not ${equal})`;
    }
    case 'in':
    case 'nin': {
      const key = `${bind(filter.key)}::text`;
      const found = `exists (select from jsonb_array_elements(${bind(JSON.stringify(filter.values))}::jsonb) as wanted
        where metadata -> ${key} @> wanted.value)`;
      return filter.is === 'in' ? found : `(metadata ? ${key} and not ${found})`;
    }
    case 'exists': {
      const found = `metadata ? ${bind(filter.key)}::text`;
      return filter.value ? `(${found})` : `(not ${found})`;
    }
    default: {
      const key = `${bind(filter.key)}::text`;
      return `(case when jsonb_typeof(metadata -> ${key}) = 'number'
        then (metadata ->> ${key})::numeric ${comparisons[filter.is]} ${bind(String(filter.value))}::numeric end)`;
    }
  }
}
