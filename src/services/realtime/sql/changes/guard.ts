import type { PipelineStep } from '#kernel/sql';

/** What is true of the database at the moment of a check. */
export interface Guard {
  /** Everybody sees the transactions: the stream can be ahead of that, for example with synchronous standbys. */
  readonly isVisible: boolean;
  /** Changes when roles, memberships or the functions of schema auth do. */
  readonly everything: string;
  /** For each table asked for, a text that changes when its columns, keys, grants or policies do. */
  readonly tables: ReadonlyMap<number, string>;
}

const text = `
with snapshot as materialized (
  select pg_current_snapshot() as s, pg_snapshot_xmax(pg_current_snapshot())::text::bigint as xmax
)
select
  (select coalesce(bool_and(pg_visible_in_snapshot(x.full_xid::text::xid8, s.s)), true)
   from snapshot s, lateral (
     select case when f - s.xmax > 2147483648 then f - 4294967296 when s.xmax - f > 2147483648 then f + 4294967296
       else f end as full_xid
     from unnest($1::bigint[]) x, lateral (select ((s.xmax >> 32) << 32) | x as f) y) x
  )::text,
  hashtextextended(concat_ws('|',
    (select string_agg(r.oid || ':' || r.rolsuper || r.rolbypassrls || r.rolinherit, ',' order by r.oid) from pg_roles r),
    (select string_agg(m.roleid || ':' || m.member || ':' || m.xmin, ',' order by m.roleid, m.member, m.grantor) from pg_auth_members m),
    (select string_agg(f.oid || ':' || f.xmin, ',' order by f.oid) from pg_proc f
     where f.pronamespace = to_regnamespace('auth'))), 0)::text,
  (select string_agg(c.oid || '=' || hashtextextended(concat_ws('|', c.xmin::text,
      (select string_agg(p.oid || ':' || p.xmin, ',' order by p.oid) from pg_policy p where p.polrelid = c.oid),
      (select string_agg(a.attnum || ':' || a.xmin, ',' order by a.attnum) from pg_attribute a where a.attrelid = c.oid),
      (select string_agg(i.indexrelid || ':' || i.xmin, ',' order by i.indexrelid) from pg_index i where i.indrelid = c.oid)),
    0), ' ') from pg_class c where c.oid = any($2::oid[]))`;

/** The statement that reads a guard. @param xids without epoch */
export function guardStep(xids: Iterable<number>, tables: Iterable<number>): PipelineStep {
  return { text, values: [`{${[...xids].join(',')}}`, `{${[...tables].join(',')}}`] };
}

/** Reads its row. */
export function readGuard(row: readonly (string | null)[] | undefined): Guard {
  const [isVisible, everything, tables] = row ?? [];
  const entries = (tables ?? '').split(' ').filter(Boolean);
  return {
    isVisible: isVisible === 'true',
    everything: everything ?? '',
    tables: new Map(
      entries.map((entry): [number, string] => {
        const at = entry.indexOf('=');
        return [Number(entry.slice(0, at)), entry.slice(at + 1)];
      }),
    ),
  };
}
