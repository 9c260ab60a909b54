import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { runSql } from '../../../data/sql.ts';
import { Button, IconButton } from '../../../design/button.tsx';
import { ChoiceList } from '../../../design/choice-list.tsx';
import { Checkbox, Input, SelectField, TextField } from '../../../design/field.tsx';
import { StatementSheet } from '../../../design/statement-sheet.tsx';
import { Note } from '../../../design/states.tsx';
import {
  type IndexDraft,
  type IndexPart,
  indexMethods,
  indexProblem,
  indexProgress,
  indexSql,
  newIndex,
  renameIndexSql,
} from '../../../sql/ddl/table-index.ts';
import { listColumnNames } from '../../../sql/policies.ts';
import styles from './forms.module.css';
import { type FormProps, labelOf, pairOf, readPair, useNames, useTables } from './parts.tsx';

/** Makes an index; of one that is there the name can be changed. */
export function IndexForm({ entry, onClose }: FormProps) {
  return entry ? (
    <RenameForm schema={String(entry.schema)} name={String(entry.name)} onClose={onClose} />
  ) : (
    <MakeForm onClose={onClose} />
  );
}

function RenameForm({
  schema,
  name,
  onClose,
}: {
  readonly schema: string;
  readonly name: string;
  readonly onClose: () => void;
}) {
  const [to, setTo] = useState(name);
  return (
    <StatementSheet
      title={`Rename ${name}`}
      action="Save"
      problem={to.trim() === '' ? 'An index has a name' : undefined}
      sql={to === name ? '' : renameIndexSql(schema, name, to)}
      said={`${to} is its name`}
      onClose={onClose}
    >
      <TextField label="Name" value={to} maxLength={63} onChange={({ currentTarget }) => setTo(currentTarget.value)} />
      <p className={styles.note}>What an index is of cannot be changed: make another one and drop this.</p>
    </StatementSheet>
  );
}

function MakeForm({ onClose }: { readonly onClose: () => void }) {
  const [draft, setDraft] = useState<IndexDraft>(newIndex('', ''));
  const put = (part: Partial<IndexDraft>) => setDraft((all) => ({ ...all, ...part }));
  const tables = useTables().filter(({ view }) => !view);
  const columns = useNames<{ name: string }>(listColumnNames(draft.schema, draft.table), draft.table !== '');
  const problem = indexProblem(draft);
  const part = (at: number, change: Partial<IndexPart>) =>
    put({ parts: draft.parts.map((each, index) => (index === at ? { ...each, ...change } : each)) });
  return (
    <StatementSheet
      title="New index"
      action="Create"
      problem={problem}
      sql={problem === undefined ? indexSql(draft) : ''}
      said="The index is made"
      running={<Progress schema={draft.schema} table={draft.table} />}
      onClose={onClose}
    >
      <SelectField
        label="Table"
        value={draft.table === '' ? '' : pairOf(draft.schema, draft.table)}
        onChange={({ currentTarget }) => {
          const [schema, table] = readPair(currentTarget.value);
          put({ schema, table, parts: [], include: [] });
        }}
      >
        <option value="">Choose…</option>
        {tables.map(({ schema, name }) => (
          <option key={pairOf(schema, name)} value={pairOf(schema, name)}>
            {labelOf(schema, name)}
          </option>
        ))}
      </SelectField>
      <datalist id="index-columns">
        {columns.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <ul className={styles.list}>
        {draft.parts.map((each, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: texts change while they are typed
          <li key={at} className={styles.part}>
            <Input
              aria-label={`Part ${at + 1}`}
              placeholder={each.expression ? 'lower(email)' : 'column'}
              list={each.expression ? undefined : 'index-columns'}
              value={each.text}
              onChange={({ currentTarget }) => part(at, { text: currentTarget.value })}
            />
            <Checkbox
              label="expression"
              checked={each.expression}
              onChange={({ currentTarget }) => part(at, { expression: currentTarget.checked })}
            />
            <Checkbox
              label="descending"
              checked={each.descending}
              disabled={draft.method !== 'btree'}
              onChange={({ currentTarget }) => part(at, { descending: currentTarget.checked })}
            />
            <IconButton
              icon="trash"
              label={`Remove part ${at + 1}`}
              onClick={() => put({ parts: draft.parts.filter((_, index) => index !== at) })}
            />
          </li>
        ))}
      </ul>
      <div>
        <Button
          small
          icon="plus"
          disabled={draft.table === ''}
          onClick={() => put({ parts: [...draft.parts, { text: '', expression: false, descending: false }] })}
        >
          Column
        </Button>
      </div>
      <div className={styles.row}>
        <SelectField
          label="Method"
          value={draft.method}
          onChange={({ currentTarget }) => put({ method: currentTarget.value })}
        >
          {indexMethods.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </SelectField>
        <TextField
          label="Name"
          placeholder="made by the server"
          maxLength={63}
          value={draft.name}
          onChange={({ currentTarget }) => put({ name: currentTarget.value })}
        />
      </div>
      <Checkbox
        label="concurrently: rows can be written meanwhile"
        checked={draft.concurrently}
        onChange={({ currentTarget }) => put({ concurrently: currentTarget.checked })}
      />
      <Checkbox
        label="unique: no two rows have the same"
        checked={draft.unique}
        onChange={({ currentTarget }) => put({ unique: currentTarget.checked })}
      />
      <TextField
        label="Only rows where"
        placeholder="deleted_at is null"
        value={draft.where}
        onChange={({ currentTarget }) => put({ where: currentTarget.value })}
      />
      {draft.table !== '' && (draft.method === 'btree' || draft.method === 'gist') && (
        <ChoiceList
          legend="Also carries (include)"
          options={columns.map(({ name }) => name)}
          chosen={draft.include}
          onChange={(include) => put({ include })}
        />
      )}
    </StatementSheet>
  );
}

/** How far the building is, asked for every second. */
function Progress({ schema, table }: { readonly schema: string; readonly table: string }) {
  const progress = useQuery({
    queryKey: ['index-progress', schema, table],
    queryFn: async ({ signal }) =>
      (await runSql<{ phase: string; done: number; total: number }>(indexProgress(schema, table), signal))[0] ?? null,
    refetchInterval: 1_000,
  });
  const { phase, done, total } = progress.data ?? { phase: 'begins', done: 0, total: 0 };
  return (
    <Note>
      <p role="status">{`The index is being built: ${phase}. Cancelled, it stays behind as “not valid”, to be dropped or rebuilt.`}</p>
      <progress className={styles.progress} aria-label="Blocks read" {...(total > 0 && { value: done, max: total })} />
    </Note>
  );
}
