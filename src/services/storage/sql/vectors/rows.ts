import { quoteIdentifier, type Transaction } from '#kernel/sql';
import type { VectorIndex } from './catalogue.ts';
import type { VectorExtension } from './extension.ts';
import { filterSql, type MetadataValue, type VectorFilter } from './filter.ts';

/** What a vector is told with. */
export interface VectorMetadata {
  readonly [key: string]: MetadataValue | readonly MetadataValue[];
}

/** A vector as it is put. */
export interface NewVector {
  readonly key: string;
  readonly numbers: readonly number[];
  readonly metadata: VectorMetadata;
}

/** A vector as it is found; what was not asked for is not there. */
export interface FoundVector {
  readonly key: string;
  readonly numbers?: readonly number[];
  readonly metadata?: VectorMetadata;
  readonly distance?: number;
}

/** What of a vector to read. */
export interface VectorParts {
  readonly data?: boolean | undefined;
  readonly metadata?: boolean | undefined;
}

/** Statements on the tables of vectors; they run as their owner. */
export interface VectorRows {
  create(transaction: Transaction, index: Pick<VectorIndex, 'id' | 'dimension' | 'metric'>): Promise<void>;
  drop(transaction: Transaction, id: string): Promise<void>;
  put(transaction: Transaction, index: VectorIndex, vectors: readonly NewVector[]): Promise<void>;
  get(
    transaction: Transaction,
    id: string,
    keys: readonly string[],
    parts: VectorParts,
  ): Promise<readonly FoundVector[]>;
  /** In the order of keys. */
  list(
    transaction: Transaction,
    id: string,
    page: {
      readonly after?: string | undefined;
      readonly limit: number;
      /** This one of so many parts of the keys. */
      readonly segment?: { readonly index: number; readonly count: number } | undefined;
    },
    parts: VectorParts,
  ): Promise<readonly FoundVector[]>;
  delete(transaction: Transaction, id: string, keys: readonly string[]): Promise<void>;
  /** The nearest vectors of those that pass the filter, nearest first. */
  nearest(
    transaction: Transaction,
    index: VectorIndex,
    query: {
      readonly numbers: readonly number[];
      readonly count: number;
      readonly filter?: VectorFilter | undefined;
      readonly metadata?: boolean | undefined;
    },
  ): Promise<readonly FoundVector[]>;
}

const metrics = {
  cosine: { operator: '<=>', operators: 'cosine_ops' },
  euclidean: { operator: '<->', operators: 'l2_ops' },
} as const;

/** Dimensions that indexes of neighbours have at most, by type. */
const indexable = { vector: 2_000, halfvec: 4_000 };
/** Candidates that an index looks at unless more are asked for (pgvector's own default). */
const candidates = 40;

const literal = (numbers: readonly number[]): string => `[${numbers.map(Math.fround).join(',')}]`;

/** @param own schema of the tables, quoted */
export function createVectorRows(own: string, extension: VectorExtension): VectorRows {
  const { schema, hasHnsw, hasHalf, iterates } = extension;
  const table = (id: string) => `${own}.${quoteIdentifier(`vectors_${id}`)}`;
  /** By which type vectors of so many dimensions are indexed. */
  const indexedAs = (dimension: number) => {
    if (!hasHnsw) return undefined;
    if (dimension <= indexable.vector) return 'vector';
    return hasHalf && dimension <= indexable.halfvec ? 'halfvec' : undefined;
  };
  const selected = ({ data, metadata }: VectorParts) =>
    `key${data ? ', embedding::text as numbers' : ''}${metadata ? ', metadata' : ''}`;
  const read = (row: FoundVector & { readonly numbers?: string }): FoundVector =>
    row.numbers === undefined ? row : { ...row, numbers: JSON.parse(row.numbers) as number[] };
  const select = async (transaction: Transaction, text: string, values: readonly unknown[]) =>
    (await transaction.query<FoundVector & { readonly numbers?: string }>(text, values)).rows.map(read);

  return {
    async create(transaction, { id, dimension, metric }) {
      await transaction.query(`create table ${table(id)} (
        key text collate "C" primary key,
        embedding ${schema}.vector(${dimension}) not null,
        metadata jsonb not null
      )`);
      await transaction.query(`alter table ${table(id)} enable row level security`);
      const type = indexedAs(dimension);
      if (type === undefined) return;
      const column = type === 'vector' ? 'embedding' : `(embedding::${schema}.halfvec(${dimension}))`;
      await transaction.query(
        `create index on ${table(id)} using hnsw (${column} ${schema}.${type}_${metrics[metric].operators})`,
      );
    },
    async drop(transaction, id) {
      await transaction.query(`drop table if exists ${table(id)}`);
    },
    async put(transaction, { id, dimension }, vectors) {
      // In one order everywhere, so that two of them cannot wait for each other.
      await transaction.query(
        `insert into ${table(id)} (key, embedding, metadata)
         select key, embedding::${schema}.vector(${dimension}), metadata::jsonb
         from unnest($1::text[], $2::text[], $3::text[]) as put (key, embedding, metadata) order by key collate "C"
         on conflict (key) do update set embedding = excluded.embedding, metadata = excluded.metadata`,
        [
          vectors.map(({ key }) => key),
          vectors.map(({ numbers }) => literal(numbers)),
          vectors.map(({ metadata }) => JSON.stringify(metadata)),
        ],
      );
    },
    get: (transaction, id, keys, parts) =>
      select(transaction, `select ${selected(parts)} from ${table(id)} where key = any($1) order by key`, [keys]),
    list: (transaction, id, { after, limit, segment }, parts) =>
      select(
        transaction,
        `select ${selected(parts)} from ${table(id)}
         where ($1::text is null or key > $1) and abs(hashtext(key)::bigint) % $2 = $3 order by key limit $4`,
        [after ?? null, segment?.count ?? 1, segment?.index ?? 0, limit],
      ),
    async delete(transaction, id, keys) {
      await transaction.query(`delete from ${table(id)} where key = any($1)`, [keys]);
    },
    async nearest(transaction, { id, dimension, metric }, { numbers, count, filter, metadata }) {
      const values: unknown[] = [literal(numbers), count];
      const bind = (value: unknown) => `$${values.push(value)}`;
      const where = filter ? `where ${filterSql(filter, bind)}` : '';
      const operator = `operator(${schema}.${metrics[metric].operator})`;
      const distance = `embedding ${operator} $1::text::${schema}.vector(${dimension})`;
      const rows = `select key, ${distance} as distance${metadata ? ', metadata' : ''}`;
      const exact = `${rows} from ${table(id)} ${where} order by ${distance} limit $2`;
      const type = indexedAs(dimension);
      if (type === undefined) return select(transaction, exact, values);
      // Of vectors that are indexed by their halves, more are looked at than asked for, and put in order by the whole.
      const half = `${schema}.halfvec(${dimension})`;
      const indexed =
        type === 'vector'
          ? exact
          : `${rows} from (select * from ${table(id)} ${where}
               order by embedding::${half} ${operator} $1::text::${half} limit greatest($2 * 4, ${candidates})) as near
             order by ${distance} limit $2`;
      await transaction.query(
        `select set_config('hnsw.ef_search', $1, true)${iterates ? ", set_config('hnsw.iterative_scan', 'strict_order', true)" : ''}`,
        [String(Math.max(type === 'vector' ? count : count * 4, candidates))],
      );
      const found = await select(transaction, indexed, values);
      if (found.length >= count) return found;
      // An index gives up at some point, whatever there is beyond it.
      await transaction.query("select set_config('enable_indexscan', 'off', true)");
      return select(transaction, exact, values);
    },
  };
}
