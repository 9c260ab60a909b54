import { useState } from 'react';
import { Checkbox, SelectField, TextField } from '../../../design/field.tsx';
import { StatementSheet } from '../../../design/statement-sheet.tsx';
import { Note } from '../../../design/states.tsx';
import {
  canRefreshConcurrently,
  describeView,
  newView,
  refreshSql,
  type ViewDraft,
  viewProblem,
  viewSql,
} from '../../../sql/ddl/view.ts';
import styles from './forms.module.css';
import { type FormProps, Loaded, SqlField, useNames, useSchemas } from './parts.tsx';

/** Makes a view, or changes one. */
export function ViewForm({ entry, onClose }: FormProps) {
  if (!entry) return <Form onClose={onClose} />;
  return (
    <Loaded<ViewDraft>
      title={String(entry.name)}
      sql={describeView(String(entry.schema), String(entry.name))}
      onClose={onClose}
    >
      {(before) => <Form before={before} onClose={onClose} />}
    </Loaded>
  );
}

function Form({ before, onClose }: { readonly before?: ViewDraft; readonly onClose: () => void }) {
  const [draft, setDraft] = useState<ViewDraft>(before ?? newView('public'));
  const put = (part: Partial<ViewDraft>) => setDraft((all) => ({ ...all, ...part }));
  const schemas = useSchemas(draft.schema);
  const problem = viewProblem(draft);
  return (
    <StatementSheet
      wide
      title={before ? `Change ${before.name}` : 'New view'}
      action={before ? 'Save' : 'Create'}
      problem={problem}
      sql={problem === undefined ? viewSql(before, draft) : ''}
      said={before ? `${draft.name} is changed` : `${draft.name} is made`}
      onClose={onClose}
    >
      <div className={styles.row}>
        <TextField
          label="Name"
          required
          maxLength={63}
          value={draft.name}
          onChange={({ currentTarget }) => put({ name: currentTarget.value })}
        />
        <SelectField
          label="Schema"
          value={draft.schema}
          disabled={before !== undefined}
          onChange={({ currentTarget }) => put({ schema: currentTarget.value })}
        >
          {schemas.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </SelectField>
      </div>
      {!before && (
        <Checkbox
          label="materialized: its rows are kept, as of the last refresh"
          checked={draft.materialized}
          onChange={({ currentTarget }) => put({ materialized: currentTarget.checked })}
        />
      )}
      {before?.materialized ? (
        <Note>The query of a materialized view cannot be changed: drop it, and make it anew.</Note>
      ) : (
        <SqlField label="Query" value={draft.query} placeholder="select …" onChange={(query) => put({ query })} />
      )}
      {draft.materialized ? (
        !before && <Note>Policies do not count in a materialized view: whoever may read it reads all of it.</Note>
      ) : (
        <Checkbox
          label="with the rights of who asks, so that policies count (security_invoker)"
          checked={draft.invoker}
          onChange={({ currentTarget }) => put({ invoker: currentTarget.checked })}
        />
      )}
      {before && !before.materialized && (
        <p className={styles.note}>
          Columns may be added at the end; where others change their name or type, the database refuses.
        </p>
      )}
      <TextField
        label="Comment"
        value={draft.comment}
        onChange={({ currentTarget }) => put({ comment: currentTarget.value })}
      />
    </StatementSheet>
  );
}

/** Fills a materialized view anew. */
export function RefreshForm({ entry, onClose }: FormProps & { readonly entry: NonNullable<FormProps['entry']> }) {
  const [schema, name] = [String(entry.schema), String(entry.name)];
  const ready = useNames<{ ready: boolean }>(canRefreshConcurrently(schema, name))[0]?.ready ?? false;
  const [concurrently, setConcurrently] = useState(true);
  return (
    <StatementSheet
      title={`Refresh ${name}`}
      action="Refresh"
      problem={undefined}
      sql={refreshSql(schema, name, ready && concurrently)}
      said={`${name} is refreshed`}
      running={<Note>Its query runs; readers wait unless it is refreshed concurrently.</Note>}
      onClose={onClose}
    >
      <Checkbox
        label="concurrently: readers go on"
        checked={ready && concurrently}
        disabled={!ready}
        onChange={({ currentTarget }) => setConcurrently(currentTarget.checked)}
      />
      {!ready && <p className={styles.note}>For that it needs a unique index of plain columns over all rows.</p>}
    </StatementSheet>
  );
}
