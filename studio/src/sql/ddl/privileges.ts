import { quoteName, quoteQualified, quoteText } from '../quote.ts';

/** Rights that single columns can have. */
export const columnRights = ['select', 'insert', 'update', 'references'] as const;

/** One of them. */
export type ColumnRight = (typeof columnRights)[number];

/** Who may do what with the columns of a table. */
export interface ColumnGrants {
  /** Rights to the table as a whole, columns that come included. */
  readonly whole: readonly ColumnRight[];
  /** Columns by right, beside those of the whole. */
  readonly columns: Readonly<Record<ColumnRight, readonly string[]>>;
}

/** Asks for what a role was granted itself, by table and by column: rows of `name` (a column; null: the whole table) and `right`. */
export const listGrants = (schema: string, table: string, role: string): string => {
  const grantee = role === 'public' ? '0::oid' : `(select oid from pg_roles where rolname = ${quoteText(role)})`;
  const relation = `${quoteText(quoteQualified(schema, table))}::regclass`;
  const rights = columnRights.map(quoteText).join(', ');
  return `select null as name, lower(x.privilege_type) as right from pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
where c.oid = ${relation} and x.grantee = ${grantee} and lower(x.privilege_type) in (${rights})
union select a.attname, lower(x.privilege_type) from pg_attribute a, aclexplode(a.attacl) x
where a.attrelid = ${relation} and a.attnum > 0 and not a.attisdropped and x.grantee = ${grantee} and lower(x.privilege_type) in (${rights})`;
};

/** The rows of `listGrants`, gathered. */
export function readGrants(rows: readonly { readonly name: string | null; readonly right: string }[]): ColumnGrants {
  const of = (right: ColumnRight): readonly string[] =>
    rows.flatMap((row) => (row.right === right && row.name !== null ? [row.name] : []));
  return {
    whole: columnRights.filter((right) => rows.some((row) => row.right === right && row.name === null)),
    columns: { select: of('select'), insert: of('insert'), update: of('update'), references: of('references') },
  };
}

/** Whether a column has a right. */
export const hasRight = ({ whole, columns }: ColumnGrants, right: ColumnRight, column: string): boolean =>
  whole.includes(right) || columns[right].includes(column);

/** Grants with one column changed. @param all names of all columns: taking one from the whole leaves the others */
export function toggleColumn(
  grants: ColumnGrants,
  right: ColumnRight,
  column: string,
  all: readonly string[],
): ColumnGrants {
  const had = grants.whole.includes(right) ? all : grants.columns[right];
  const has = had.includes(column) ? had.filter((each) => each !== column) : [...had, column];
  return {
    whole: grants.whole.filter((each) => each !== right),
    columns: { ...grants.columns, [right]: all.filter((each) => has.includes(each)) },
  };
}

/** Grants with a right to the whole table given or taken, single columns with it. */
export const toggleWhole = (grants: ColumnGrants, right: ColumnRight): ColumnGrants => ({
  whole: grants.whole.includes(right) ? grants.whole.filter((each) => each !== right) : [...grants.whole, right],
  columns: { ...grants.columns, [right]: [] },
});

/** Statements that make one of the other, in one transaction; empty: they are alike. */
export function grantsSql(
  schema: string,
  table: string,
  role: string,
  before: ColumnGrants,
  after: ColumnGrants,
): string {
  const [on, who] = [quoteQualified(schema, table), role === 'public' ? 'public' : quoteName(role)];
  const list = (columns: readonly string[]): string => `(${columns.map(quoteName).join(', ')})`;
  return columnRights
    .flatMap((right) => {
      const [had, has] = [before.columns[right], after.columns[right]];
      if (after.whole.includes(right))
        return before.whole.includes(right) ? [] : [`grant ${right} on table ${on} to ${who};`];
      // Taking it from the whole table takes it from each of its columns, too.
      if (before.whole.includes(right))
        return [
          `revoke ${right} on table ${on} from ${who};`,
          ...(has.length > 0 ? [`grant ${right} ${list(has)} on table ${on} to ${who};`] : []),
        ];
      const [come, gone] = [has.filter((each) => !had.includes(each)), had.filter((each) => !has.includes(each))];
      return [
        ...(gone.length > 0 ? [`revoke ${right} ${list(gone)} on table ${on} from ${who};`] : []),
        ...(come.length > 0 ? [`grant ${right} ${list(come)} on table ${on} to ${who};`] : []),
      ];
    })
    .join('\n');
}
