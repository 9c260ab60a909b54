import { type Database, quoteIdentifier } from '#kernel/sql';
import { arrayLiteral } from './array-literal.ts';
import type { ColumnInfo, TableInfo } from './catalogue.ts';
import { inStreamFormat } from './filters.ts';

/** A table's stored generated columns, and those they are made of. */
export interface GeneratedColumns {
  readonly generated: readonly ColumnInfo[];
  readonly plain: readonly ColumnInfo[];
}

/**
 * The values of generated columns, made of the others of the same row: they depend on nothing else. Run by the table's owner,
 * whose functions may be called.
 *
 * @param rows texts in the order of the plain columns
 * @returns for each row texts in the order of the generated columns
 */
export async function generatedValues(
  db: Database,
  { owner }: TableInfo,
  { generated, plain }: GeneratedColumns,
  rows: readonly (readonly (string | null)[])[],
): Promise<(string | null)[][]> {
  const columns = plain.map(({ name, type }, index) => `v.c${index}::${type.sqlName} as ${quoteIdentifier(name)}`);
  const made = generated.map(({ generatedAs }, index) => `(${generatedAs}) as g${index}`);
  // `format` uses the type's own output, as the stream does; it writes nulls as empty texts.
  const shown = generated.map(
    (_, index) => `case when m.g${index} is null then null else format('%s', m.g${index}) end`,
  );
  const arrays = plain.map((_, index) => `$${index + 1}::text[]`);
  const { rows: found } = await inStreamFormat<{ values: (string | null)[] }>(
    db,
    `select array[${shown.join(', ')}]::text[] as values
     from (select r.place, ${made.join(', ')} from (
       select v.place, ${columns.join(', ')}
       from unnest(${arrays.join(', ')}) with ordinality as v(${plain.map((_, index) => `c${index}`).join(', ')}, place)
     ) r) m order by m.place`,
    plain.map((_, index) => arrayLiteral(rows.map((row) => row[index] ?? null))),
    owner,
  );
  return found.map(({ values }) => values);
}
