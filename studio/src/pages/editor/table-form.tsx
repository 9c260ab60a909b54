import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { runSql } from '../../data/sql.ts';
import { Button, IconButton } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { Confirm, Sheet } from '../../design/dialog.tsx';
import { DropDialog } from '../../design/drop-dialog.tsx';
import { Checkbox, Input, Select, TextField } from '../../design/field.tsx';
import { ErrorBox } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { quoteQualified } from '../../sql/quote.ts';
import { warningsOf } from '../../sql/statements.ts';
import type { Reference } from '../../sql/table.ts';
import {
  alterTableSql,
  type ColumnDraft,
  createTableSql,
  newColumn,
  problemOf,
  type TableDraft,
} from '../../sql/table-ddl.ts';
import { addressOf } from './address.ts';
import styles from './page.module.css';

const commonTypes = [
  'text',
  'bigint',
  'integer',
  'numeric',
  'double precision',
  'boolean',
  'uuid',
  'timestamptz',
  'date',
  'time',
  'interval',
  'jsonb',
  'bytea',
  'text[]',
  'inet',
];

// What foreign keys may lead to: columns that are unique alone.
const listTargets = `select distinct n.nspname as schema, c.relname as table, a.attname as column
from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
where i.indisunique and i.indnkeyatts = 1 and i.indpred is null and c.relkind in ('r', 'p')
  and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast') and n.nspname !~ '^_'
order by 1, 2, 3 limit 500`;
const listEnums = `select format_type(t.oid, null) as name from pg_type t join pg_namespace n on n.oid = t.typnamespace
where t.typtype in ('e', 'd') and n.nspname not in ('pg_catalog', 'information_schema') order by 1 limit 200`;

/** A new table, or one that is changed. */
export function TableForm({
  before,
  draft: first,
  onClose,
}: {
  readonly before?: TableDraft;
  readonly draft: TableDraft;
  readonly onClose: () => void;
}) {
  const [draft, setDraft] = useState(first);
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<'change' | 'drop'>();
  const [, go] = useLocation();
  const client = useQueryClient();
  const toasts = useToasts();
  const targets = useQuery({
    queryKey: ['fk-targets'],
    queryFn: ({ signal }) => runSql<Reference & { readonly [name: string]: unknown }>(listTargets, signal),
  });
  const enums = useQuery({
    queryKey: ['own-types'],
    queryFn: ({ signal }) => runSql<{ name: string }>(listEnums, signal),
  });
  const problem = problemOf(draft);
  const sql = problem ? '' : before ? alterTableSql(before, draft) : createTableSql(draft);
  const warnings = warningsOf(sql);

  async function run(statements: string, then: string, said: string): Promise<void> {
    setBusy(true);
    setFailure(undefined);
    try {
      await runSql(statements);
      toasts.done(said);
      onClose();
      go(then);
      await Promise.all(
        ['relations', 'columns', 'rows', 'count', 'sql-names'].map((key) =>
          client.invalidateQueries({ queryKey: [key] }),
        ),
      );
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
      setAsking(undefined);
    }
  }
  const apply = () =>
    void run(sql, addressOf(draft.schema, draft.name), before ? `${draft.name} is changed` : `${draft.name} is made`);
  const change = (at: number, part: Partial<ColumnDraft>) =>
    setDraft({ ...draft, columns: draft.columns.map((each, index) => (index === at ? { ...each, ...part } : each)) });

  return (
    <Sheet
      title={before ? `Change ${before.name}` : `New table in ${draft.schema}`}
      onClose={onClose}
      actions={
        <>
          {before && (
            <Button kind="danger" disabled={busy} onClick={() => setAsking('drop')}>
              Drop the table
            </Button>
          )}
          <span className={styles.end} />
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="table" disabled={busy || problem !== undefined || sql === ''}>
            {before ? 'Change' : 'Create'}
          </Button>
        </>
      }
    >
      <form
        id="table"
        className={styles.form}
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          if (warnings.length > 0) setAsking('change');
          else apply();
        }}
      >
        <TextField
          label="Name"
          required
          value={draft.name}
          onChange={({ currentTarget }) => setDraft({ ...draft, name: currentTarget.value })}
        />
        <TextField
          label="Comment"
          value={draft.comment}
          onChange={({ currentTarget }) => setDraft({ ...draft, comment: currentTarget.value })}
        />
        <Checkbox
          label="Row level security: clients see what policies show them"
          checked={draft.rls}
          onChange={({ currentTarget }) => setDraft({ ...draft, rls: currentTarget.checked })}
        />
        <Checkbox
          label="Realtime: clients can listen to changes of rows"
          checked={draft.realtime}
          onChange={({ currentTarget }) => setDraft({ ...draft, realtime: currentTarget.checked })}
        />
        <h3>Columns</h3>
        <datalist id="types">
          {[...commonTypes, ...(enums.data ?? []).map(({ name }) => name)].map((type) => (
            <option key={type} value={type} />
          ))}
        </datalist>
        <ul className={styles.columns}>
          {draft.columns.map((column, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: names change while they are typed
            <li key={at}>
              <div className={styles.column}>
                <Input
                  aria-label={`Name of column ${at + 1}`}
                  placeholder="name"
                  value={column.name}
                  onChange={({ currentTarget }) => change(at, { name: currentTarget.value })}
                />
                <Input
                  aria-label={`Type of column ${at + 1}`}
                  placeholder="type"
                  list="types"
                  value={column.type}
                  onChange={({ currentTarget }) => change(at, { type: currentTarget.value })}
                />
                <Input
                  aria-label={`Default of column ${at + 1}`}
                  placeholder={column.identity ? 'counted up' : 'default'}
                  disabled={column.identity}
                  value={column.default}
                  onChange={({ currentTarget }) => change(at, { default: currentTarget.value })}
                />
                <IconButton
                  icon="trash"
                  label={`Remove column ${column.name || at + 1}`}
                  onClick={() => setDraft({ ...draft, columns: draft.columns.filter((_, index) => index !== at) })}
                />
              </div>
              <Input
                aria-label={`Comment of column ${at + 1}`}
                placeholder="comment"
                value={column.comment}
                onChange={({ currentTarget }) => change(at, { comment: currentTarget.value })}
              />
              <div className={styles.flags}>
                <Checkbox
                  label="nullable"
                  checked={column.nullable}
                  disabled={column.key}
                  onChange={({ currentTarget }) => change(at, { nullable: currentTarget.checked })}
                />
                {(column.was === undefined && !before) || column.key ? (
                  <Checkbox
                    label="primary key"
                    checked={column.key}
                    disabled={before !== undefined}
                    onChange={({ currentTarget }) =>
                      change(at, { key: currentTarget.checked, ...(currentTarget.checked && { nullable: false }) })
                    }
                  />
                ) : null}
                {!column.key && (
                  <Checkbox
                    label={column.was === undefined ? 'unique' : 'make unique'}
                    checked={column.unique}
                    onChange={({ currentTarget }) => change(at, { unique: currentTarget.checked })}
                  />
                )}
                {/^(bigint|integer|smallint|int[248]?)$/.test(column.type) && (
                  <Checkbox
                    label="counted up"
                    checked={column.identity}
                    onChange={({ currentTarget }) =>
                      change(at, {
                        identity: currentTarget.checked,
                        ...(currentTarget.checked && { nullable: false, default: '' }),
                      })
                    }
                  />
                )}
                {column.reference &&
                column.was !== undefined &&
                before?.columns.find(({ was }) => was === column.was)?.reference ? (
                  <small>{`→ ${column.reference.table}.${column.reference.column}`}</small>
                ) : (
                  <Select
                    aria-label={`Column ${at + 1} points at`}
                    value={
                      column.reference
                        ? JSON.stringify([column.reference.schema, column.reference.table, column.reference.column])
                        : ''
                    }
                    onChange={({ currentTarget }) => {
                      const [schema, table, name] =
                        currentTarget.value === '' ? [] : (JSON.parse(currentTarget.value) as string[]);
                      change(at, { reference: schema && table && name ? { schema, table, column: name } : undefined });
                    }}
                  >
                    <option value="">points at nothing</option>
                    {(targets.data ?? []).map(({ schema, table, column: name }) => (
                      <option key={`${schema}.${table}.${name}`} value={JSON.stringify([schema, table, name])}>
                        → {schema === 'public' ? '' : `${schema}.`}
                        {table}.{name}
                      </option>
                    ))}
                  </Select>
                )}
              </div>
            </li>
          ))}
        </ul>
        <div>
          <Button small icon="plus" onClick={() => setDraft({ ...draft, columns: [...draft.columns, newColumn] })}>
            Column
          </Button>
        </div>
        {failure !== undefined && <ErrorBox error={failure} />}
        {sql === '' ? (
          <p className={styles.said}>{problem ?? 'Nothing is changed yet.'}</p>
        ) : (
          <CodeBlock label="What is run" code={sql} />
        )}
      </form>
      {asking === 'change' && (
        <Confirm
          title="Change the table?"
          action="Change it"
          busy={busy}
          onConfirm={apply}
          onClose={() => setAsking(undefined)}
        >
          <p>What this does cannot be taken back:</p>
          {warnings.map((warning) => (
            <p key={warning}>
              <code>{warning}</code>
            </p>
          ))}
        </Confirm>
      )}
      {asking === 'drop' && before && (
        <DropDialog
          name={before.name}
          losesData
          sql={() => `drop table ${quoteQualified(before.schema, before.name)};`}
          onDone={() => {
            onClose();
            go(addressOf(before.schema));
          }}
          onClose={() => setAsking(undefined)}
        >
          <p>The table and all its rows are gone for good. Where something depends on it, the database refuses.</p>
        </DropDialog>
      )}
    </Sheet>
  );
}
