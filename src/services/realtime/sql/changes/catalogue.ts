import type { Database } from '#kernel/sql';

/** A type, with what decides how its text form becomes JSON. */
export interface TypeInfo {
  readonly oid: number;
  /** `pg_type.typname`, as clients are told. */
  readonly name: string;
  /** Name that a statement can use. */
  readonly sqlName: string;
  /** `pg_type.typtype`: b base, c composite, d domain, e enum, r range, m multirange. */
  readonly kind: string;
  /** Of a domain the type below it, else the type itself. */
  readonly baseOid: number;
  /** Of an array its elements' type, else 0. */
  readonly elementOid: number;
  /** It has a cast to json of its own. */
  readonly castsToJson: boolean;
}

/** A column of a table now. */
export interface ColumnInfo {
  readonly name: string;
  readonly type: TypeInfo;
  /** Texts are equal when their bytes are. */
  readonly isBytewise: boolean;
  /** Made when it is read, and never in the stream. */
  readonly isVirtual: boolean;
  /** The expression of a stored generated column, names in full. */
  readonly generatedAs: string | null;
}

/** A policy that counts for SELECT. */
export interface PolicyInfo {
  readonly oid: number;
  readonly isPermissive: boolean;
  /** 0 stands for PUBLIC. */
  readonly roles: readonly number[];
  /** The condition as `pg_get_expr` writes it with an empty search path. */
  readonly condition: string;
  /** Functions and operators outside pg_catalog that it uses, with the source of those of schema auth. */
  readonly functions: readonly { readonly name: string; readonly source: string }[];
  /** Tables and views that it reads besides its own. */
  readonly relations: readonly { readonly oid: number; readonly kind: string; readonly name: string }[];
}

/** A table as of now. */
export interface TableInfo {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly hasRowSecurity: boolean;
  readonly owner: string;
  readonly columns: readonly ColumnInfo[];
  /** Names in the order of the key. */
  readonly primaryKey: readonly string[];
  readonly policies: readonly PolicyInfo[];
}

/** What a role may see of a table. */
export interface RoleInfo {
  readonly exists: boolean;
  /** Row security does not apply: superuser, BYPASSRLS, or owner without FORCE. */
  readonly isExempt: boolean;
  /** Columns it may select. */
  readonly selectable: ReadonlySet<string>;
  /** Oids of policies that count for it. */
  readonly policies: ReadonlySet<number>;
}

const typeJson = (type: string): string => `json_build_object(
  'oid', ${type}.oid::bigint, 'name', ${type}.typname, 'sqlName', format_type(${type}.oid, null), 'kind', ${type}.typtype,
  'baseOid', (case when ${type}.typtype = 'd' then ${type}.typbasetype else ${type}.oid end)::bigint,
  'elementOid', (case when ${type}.typcategory = 'A' then ${type}.typelem else 0 end)::bigint,
  'castsToJson', exists (select from pg_cast c where c.castsource = ${type}.oid and c.castfunc <> 0
    and c.casttarget in ('json'::regtype, 'jsonb'::regtype) and c.castsource <> all (array['json'::regtype, 'jsonb'::regtype])))`;

const tableQuery = `
select json_build_object(
  'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'hasRowSecurity', c.relrowsecurity,
  'owner', pg_get_userbyid(c.relowner),
  'columns', (
    select coalesce(json_agg(json_build_object('name', a.attname, 'type', ${typeJson('t')},
      'isBytewise', coalesce((select l.collisdeterministic from pg_collation l where l.oid = a.attcollation), true),
      'isVirtual', a.attgenerated = 'v', 'generatedAs', (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d
        where a.attgenerated = 's' and d.adrelid = a.attrelid and d.adnum = a.attnum))
      order by a.attnum), '[]')
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
  'primaryKey', (
    select coalesce(json_agg(a.attname order by k.place), '[]')
    from pg_index i, unnest(i.indkey) with ordinality k(attnum, place), pg_attribute a
    where i.indrelid = c.oid and i.indisprimary and a.attrelid = c.oid and a.attnum = k.attnum),
  'policies', (
    select coalesce(json_agg(json_build_object('oid', p.oid::bigint, 'isPermissive', p.polpermissive,
      'roles', (select json_agg(r::bigint) from unnest(p.polroles) r),
      'condition', coalesce(pg_get_expr(p.polqual, p.polrelid), 'true'),
      'functions', (
        select coalesce(json_agg(json_build_object(
          'name', coalesce(fn.nspname || '.' || f.proname, 'operator'),
          'source', case when fn.nspname = 'auth' then f.prosrc else '' end)), '[]')
        from pg_depend d left join pg_proc f on d.refclassid = 'pg_proc'::regclass and f.oid = d.refobjid
          left join pg_namespace fn on fn.oid = f.pronamespace
        where d.classid = 'pg_policy'::regclass and d.objid = p.oid
          and d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass)),
      'relations', (
        select coalesce(json_agg(distinct jsonb_build_object('oid', r.oid::bigint, 'kind', r.relkind,
          'name', rn.nspname || '.' || r.relname)), '[]')
        from pg_depend d join pg_class r on r.oid = d.refobjid join pg_namespace rn on rn.oid = r.relnamespace
        where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass
          and r.oid <> c.oid))), '[]')
    from pg_policy p where p.polrelid = c.oid and p.polcmd in ('r', '*'))
)::text
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1::oid`;

/** Reads a table. @returns undefined when it is gone */
export async function readTable(db: Database, oid: number): Promise<TableInfo | undefined> {
  const [, result] = await db.pipeline({
    role: '',
    begin: 'begin read only',
    steps: [
      { text: "select set_config('search_path', '', true)", values: [] },
      { text: tableQuery, values: [String(oid)] },
    ],
  });
  const text = result?.rows[0]?.[0];
  return text ? (JSON.parse(text) as TableInfo) : undefined;
}

/** Reads types by their oids. */
export async function readTypes(db: Database, oids: readonly number[]): Promise<TypeInfo[]> {
  const { rows } = await db.query<{ type: TypeInfo }>(
    `select ${typeJson('t')} as type from pg_type t where t.oid = any($1::oid[])`,
    [oids],
  );
  return rows.map(({ type }) => type);
}

const roleQuery = `
select json_build_object(
  'isExempt', r.rolsuper or r.rolbypassrls or (pg_has_role(r.oid, c.relowner, 'USAGE') and not c.relforcerowsecurity),
  'selectable', (
    select coalesce(json_agg(a.attname), '[]') from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      and has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT')),
  'policies', (
    select coalesce(json_agg(p.oid::bigint), '[]') from pg_policy p
    where p.polrelid = c.oid and p.polcmd in ('r', '*')
      and exists (select from unnest(p.polroles) pr where pr = 0 or pg_has_role(r.oid, pr, 'USAGE')))
)::text as role
from pg_roles r, pg_class c where r.rolname = $1 and c.oid = $2::oid`;

/** What a role may see of a table. */
export async function readRole(db: Database, role: string, oid: number): Promise<RoleInfo> {
  const { rows } = await db.query<{ role: string }>(roleQuery, [role, String(oid)]);
  if (!rows[0]) return { exists: false, isExempt: false, selectable: new Set(), policies: new Set() };
  const read = JSON.parse(rows[0].role) as { isExempt: boolean; selectable: string[]; policies: number[] };
  return {
    exists: true,
    isExempt: read.isExempt,
    selectable: new Set(read.selectable),
    policies: new Set(read.policies),
  };
}

/** A table of the publication. */
export interface PublishedTable {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
}

/** The tables that a publication names, as its view has them: leaves of partitioned ones. `*` stands for any name. */
export async function publishedTables(
  db: Database,
  publication: string,
  schema: string,
  table: string,
): Promise<PublishedTable[]> {
  const { rows } = await db.query<{ oid: string; schema: string; name: string }>(
    `select c.oid::text, n.nspname as schema, c.relname as name
     from pg_publication_tables p join pg_namespace n on n.nspname = p.schemaname
       join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
     where p.pubname = $1 and ($2 = '*' or p.schemaname = $2) and ($3 = '*' or p.tablename = $3)
     order by 2, 3 limit 1000`,
    [publication, schema, table],
  );
  return rows.map(({ oid, ...rest }) => ({ ...rest, oid: Number(oid) }));
}
