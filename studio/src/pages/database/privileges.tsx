import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useMay } from '../../data/session.ts';
import { runSql } from '../../data/sql.ts';
import { useStatements } from '../../data/statements.ts';
import { Button } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { SelectField } from '../../design/field.tsx';
import { EmptyState, ErrorBox, Note, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import {
  type ColumnGrants,
  type ColumnRight,
  columnRights,
  grantsSql,
  hasRight,
  listGrants,
  readGrants,
  toggleColumn,
  toggleWhole,
} from '../../sql/ddl/privileges.ts';
import { listColumnNames } from '../../sql/policies.ts';
import { labelOf, pairOf, readPair, useNames, useTables } from './forms/parts.tsx';
import styles from './page.module.css';

const listRoles = `select rolname as name from pg_roles where not rolsuper and rolname !~ '^pg_' order by array_position(array['anon', 'authenticated', 'service_role']::name[], rolname), 1`;

/** Who may read and write which columns: `/database/privileges?role=<role>&schema=<schema>&table=<table>`. */
export function Privileges() {
  const [, go] = useLocation();
  const search = new URLSearchParams(useSearch());
  const roles = useNames<{ name: string }>(listRoles);
  const tables = useTables();
  const role = search.get('role') ?? 'anon';
  const [schema, table] = [search.get('schema') ?? '', search.get('table') ?? ''];
  const show = (next: Readonly<Record<string, string>>) =>
    go(`/database/privileges?${new URLSearchParams({ role, schema, table, ...next })}`, { replace: true });
  const isListed = tables.some((each) => each.schema === schema && each.name === table);
  return (
    <div className={styles.list}>
      <div className={styles.pair}>
        <SelectField label="Role" value={role} onChange={({ currentTarget }) => show({ role: currentTarget.value })}>
          {[...new Set([...roles.map(({ name }) => name), 'public', role])].map((each) => (
            <option key={each} value={each}>
              {each === 'public' ? 'public: everybody' : each}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="Table"
          value={table === '' ? '' : pairOf(schema, table)}
          onChange={({ currentTarget }) => {
            const [to, name] = readPair(currentTarget.value);
            show({ schema: to, table: name });
          }}
        >
          <option value="">Choose…</option>
          {[...tables, ...(table !== '' && !isListed ? [{ schema, name: table }] : [])].map((each) => (
            <option key={pairOf(each.schema, each.name)} value={pairOf(each.schema, each.name)}>
              {labelOf(each.schema, each.name)}
            </option>
          ))}
        </SelectField>
      </div>
      {table === '' ? (
        <EmptyState icon="lock" title="Choose a table">
          Its columns are shown here, and what the role may do with each. Policies say which rows; rights say which
          columns.
        </EmptyState>
      ) : (
        <Rights key={JSON.stringify([role, schema, table])} role={role} schema={schema} table={table} />
      )}
    </div>
  );
}

interface RightsProps {
  readonly role: string;
  readonly schema: string;
  readonly table: string;
}

function Rights({ role, schema, table }: RightsProps) {
  const asked = useQuery({
    queryKey: ['catalogue', 'rights', role, schema, table],
    queryFn: async ({ signal }) => {
      const columns = await runSql<{ name: string; type: string }>(listColumnNames(schema, table), signal);
      const rows = await runSql<{ name: string | null; right: string }>(listGrants(schema, table, role), signal);
      return { columns, grants: readGrants(rows) };
    },
  });
  if (asked.error) return <ErrorBox error={asked.error} retry={() => void asked.refetch()} />;
  if (!asked.data) return <Skeleton lines={6} />;
  return (
    <Matrix
      key={asked.dataUpdatedAt}
      role={role}
      schema={schema}
      table={table}
      columns={asked.data.columns}
      before={asked.data.grants}
    />
  );
}

function Matrix({
  role,
  schema,
  table,
  columns,
  before,
}: RightsProps & {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly before: ColumnGrants;
}) {
  const may = useMay('developer');
  const toasts = useToasts();
  const [grants, setGrants] = useState(before);
  const statements = useStatements(() => toasts.done(`The rights of ${role} are changed`));
  const sql = grantsSql(schema, table, role, before, grants);
  const names = columns.map(({ name }) => name);
  const box = (right: ColumnRight, label: string, checked: boolean, toggle: () => void) => (
    <input
      type="checkbox"
      className={styles.box}
      aria-label={`${right} ${label}`}
      checked={checked}
      disabled={!may || statements.busy}
      onChange={toggle}
    />
  );
  return (
    <>
      <DataTable
        label={`Rights of ${role} to ${table}`}
        rows={[undefined, ...columns]}
        keyOf={(column) => column?.name ?? ''}
        columns={[
          {
            title: 'Column',
            render: (column) =>
              column ? (
                <>
                  <code>{column.name}</code> <span className={styles.note}>{column.type}</span>
                </>
              ) : (
                <b>The whole table</b>
              ),
          },
          ...columnRights.map((right) => ({
            title: right,
            render: (column: { readonly name: string } | undefined) =>
              column
                ? box(right, column.name, hasRight(grants, right, column.name), () =>
                    setGrants(toggleColumn(grants, right, column.name, names)),
                  )
                : box(right, 'the whole table', grants.whole.includes(right), () =>
                    setGrants(toggleWhole(grants, right)),
                  ),
          })),
        ]}
      />
      <p className={styles.note}>
        These are rights granted to {role} itself; it also has those of roles it is a member of, and of public. A right
        to the whole table counts for columns that come, too.
      </p>
      {sql !== '' && (
        <>
          <CodeBlock label="What is run" code={sql} />
          <div className={styles.bar}>
            <Button kind="primary" disabled={statements.busy} onClick={() => statements.run(sql)}>
              Change the rights
            </Button>
            <Button onClick={() => setGrants(before)}>Discard</Button>
          </div>
        </>
      )}
      {statements.error && <ErrorBox error={statements.error} />}
      {!may && <Note>Your role looks; developers change rights.</Note>}
    </>
  );
}
