import { isOfExtension, isProject, type Lint } from './lint.ts';

const category = 'PERFORMANCE';

// Functions of the caller that are the same for every row; in a sub-select they are asked once for the whole statement.
const perRow = String.raw`(?<!SELECT )((auth\.(uid|jwt|role|email)|current_setting)\([^()]*\))`;
const once = String.raw`(select \1)`;

/** What makes it slower than it need be. */
export const performanceLints: readonly Lint[] = [
  {
    name: 'auth_rls_initplan',
    title: 'Policy that asks who somebody is for every row',
    level: 'WARN',
    category,
    description:
      'auth.uid() and the like are the same for every row. In a sub-select they are asked once for the whole query.',
    sql: `
      select schema, name, 'policy' as type, format('Policy %I of %I.%I', policy, schema, name) as detail,
        concat('alter policy ', quote_ident(policy), ' on ', quote_ident(schema), '.', quote_ident(name),
          ' using (' || regexp_replace(filter, '${perRow}', '${once}', 'g') || ')',
          ' with check (' || regexp_replace(checked, '${perRow}', '${once}', 'g') || ')', ';') as fix
      from (
        select n.nspname as schema, c.relname as name, p.polname as policy,
          pg_get_expr(p.polqual, p.polrelid) as filter, pg_get_expr(p.polwithcheck, p.polrelid) as checked
        from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
        where c.relrowsecurity and ${isProject('n')}) as policies
      where concat(filter, ' ', checked) ~ '${perRow}'`,
  },
  {
    name: 'unindexed_foreign_keys',
    title: 'Foreign key without an index',
    level: 'INFO',
    category,
    description: 'Deleting or changing a row at the other end, and joining, reads the whole table.',
    sql: `
      select n.nspname as schema, c.relname as name, 'foreign key' as type,
        format('%I of %I.%I (%s)', k.conname, n.nspname, c.relname, columns) as detail,
        format('create index on %I.%I (%s);', n.nspname, c.relname, columns) as fix
      from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
        cross join lateral (
          select string_agg(quote_ident(a.attname), ', ' order by place) as columns
          from unnest(k.conkey) with ordinality as key (number, place)
            join pg_attribute a on a.attrelid = k.conrelid and a.attnum = key.number) as named
      where k.contype = 'f' and k.conparentid = 0 and ${isProject('n')}
        and not exists (
          select from pg_index i
          where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
            and (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(k.conkey)] @> k.conkey)`,
  },
  {
    name: 'no_primary_key',
    title: 'Table without a primary key',
    level: 'INFO',
    category,
    description: 'Its rows cannot be told apart: realtime tells less of changes, and the dashboard cannot edit them.',
    sql: `
      select n.nspname as schema, c.relname as name, 'table' as type,
        format('%I.%I has no primary key', n.nspname, c.relname) as detail, null as fix
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and not c.relispartition and ${isProject('n')}
        and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
        and not ${isOfExtension('pg_class', 'c.oid')}`,
  },
  {
    name: 'multiple_permissive_policies',
    title: 'Several policies for one thing',
    level: 'WARN',
    category,
    description: 'Each of them is asked for every row until one allows it. One policy with "or" asks less.',
    sql: `
      select n.nspname as schema, c.relname as name, 'table' as type,
        format('%I.%I: %s for %s to %s', n.nspname, c.relname,
          string_agg(quote_ident(p.polname), ', ' order by p.polname), command, who) as detail,
        null as fix
      from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
        cross join unnest(case p.polcmd when 'r' then '{select}'::text[] when 'a' then '{insert}' when 'w' then '{update}'
          when 'd' then '{delete}' else '{select,insert,update,delete}' end) as command
        cross join unnest('{anon,authenticated}'::text[]) as who
      where p.polpermissive and c.relrowsecurity and ${isProject('n')}
        and (p.polroles = '{0}' or (select oid from pg_roles where rolname = who) = any (p.polroles))
      group by 1, 2, command, who
      having count(*) > 1`,
  },
  {
    name: 'duplicate_index',
    title: 'The same index twice',
    level: 'WARN',
    category,
    description: 'Every write keeps both up to date, and one would do.',
    sql: `
      select n.nspname as schema, c.relname as name, 'table' as type,
        format('%I.%I: %s', n.nspname, c.relname,
          string_agg(quote_ident(x.relname), ', ' order by used, i.indisunique, x.relname)) as detail,
        format('drop index %I.%I;', n.nspname, (array_agg(x.relname order by used, i.indisunique, x.relname desc))[1]) as fix
      from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class c on c.oid = i.indrelid
        join pg_namespace n on n.oid = c.relnamespace
        cross join lateral (select exists (
          select from pg_constraint k where k.conindid = i.indexrelid) as used) as constraints
      where ${isProject('n')}
      group by n.nspname, c.relname, i.indrelid, i.indkey::text, i.indclass::text, i.indcollation::text, i.indoption::text,
        x.relam, pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid)
      having count(*) > 1 and not bool_and(used)`,
  },
  {
    name: 'unused_index',
    title: 'Index that was never used',
    level: 'INFO',
    category,
    description: 'Since the statistics began, no query read it; every write keeps it up to date.',
    sql: `
      select s.schemaname as schema, s.relname as name, 'index' as type,
        format('%I of %I.%I, %s', s.indexrelname, s.schemaname, s.relname,
          pg_size_pretty(pg_relation_size(s.indexrelid))) as detail,
        format('drop index %I.%I;', s.schemaname, s.indexrelname) as fix
      from pg_stat_user_indexes s join pg_index i using (indexrelid) join pg_namespace n on n.nspname = s.schemaname
      where s.idx_scan = 0 and not i.indisunique and ${isProject('n')} and pg_relation_size(s.indexrelid) > 8192
        and not exists (select from pg_constraint k where k.conindid = s.indexrelid)
        and not exists (select from pg_inherits h where h.inhrelid = s.indexrelid)`,
  },
  {
    name: 'table_bloat',
    title: 'Table full of dead rows',
    level: 'INFO',
    category,
    description:
      'More than a fifth of its rows are dead and still read over. Vacuum it, and see what keeps autovacuum from it.',
    sql: `
      select s.schemaname as schema, s.relname as name, 'table' as type,
        format('%I.%I: %s dead of %s rows', s.schemaname, s.relname, s.n_dead_tup, s.n_live_tup + s.n_dead_tup) as detail,
        format('vacuum (analyze) %I.%I;', s.schemaname, s.relname) as fix
      from pg_stat_user_tables s join pg_namespace n on n.nspname = s.schemaname
      where s.n_dead_tup > 10000 and s.n_dead_tup > 0.2 * (s.n_live_tup + s.n_dead_tup) and ${isProject('n')}`,
  },
];
