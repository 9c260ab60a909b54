import { useState } from 'react';
import { ChoiceList } from '../../../design/choice-list.tsx';
import { Checkbox, TextField } from '../../../design/field.tsx';
import { StatementSheet } from '../../../design/statement-sheet.tsx';
import { Note } from '../../../design/states.tsx';
import {
  describePublication,
  type PublicationDraft,
  publicationProblem,
  publicationSql,
  publishedEvents,
} from '../../../sql/ddl/publication.ts';
import styles from './forms.module.css';
import { type FormProps, Loaded, labelOf, useTables } from './parts.tsx';

/** Makes a publication, or changes what one tells of. */
export function PublicationForm({ entry, onClose }: FormProps) {
  if (!entry) return <Form onClose={onClose} />;
  return (
    <Loaded<PublicationDraft> title={String(entry.name)} sql={describePublication(Number(entry.id))} onClose={onClose}>
      {(before) => <Form before={before} onClose={onClose} />}
    </Loaded>
  );
}

function Form({ before, onClose }: { readonly before?: PublicationDraft; readonly onClose: () => void }) {
  const [draft, setDraft] = useState<PublicationDraft>(
    before ?? { name: '', all: false, tables: [], events: publishedEvents },
  );
  const put = (part: Partial<PublicationDraft>) => setDraft((all) => ({ ...all, ...part }));
  const tables = [...useTables().filter(({ view }) => !view), ...draft.tables];
  const byLabel = new Map(tables.map((each) => [labelOf(each.schema, each.name), each]));
  const problem = publicationProblem(draft);
  return (
    <StatementSheet
      title={before ? `Change ${before.name}` : 'New publication'}
      action={before ? 'Save' : 'Create'}
      problem={problem}
      sql={problem === undefined ? publicationSql(before, draft) : ''}
      said={before ? `${draft.name} is changed` : `${draft.name} is made`}
      onClose={onClose}
    >
      <TextField
        label="Name"
        required
        maxLength={63}
        value={draft.name}
        onChange={({ currentTarget }) => put({ name: currentTarget.value })}
      />
      {draft.name === 'supabase_realtime' && (
        <Note>Realtime tells clients of the tables in this publication, as their policies let them see the rows.</Note>
      )}
      <fieldset className={styles.checks}>
        <legend>Tells when rows are</legend>
        {publishedEvents.map((event) => (
          <Checkbox
            key={event}
            label={event}
            checked={draft.events.includes(event)}
            onChange={({ currentTarget }) =>
              put({
                events: publishedEvents.filter((each) =>
                  each === event ? currentTarget.checked : draft.events.includes(each),
                ),
              })
            }
          />
        ))}
      </fieldset>
      {!before && (
        <Checkbox
          label="of all tables, also those that come; for superusers"
          checked={draft.all}
          onChange={({ currentTarget }) => put({ all: currentTarget.checked })}
        />
      )}
      {draft.all ? (
        <p className={styles.note}>It tells of all tables.</p>
      ) : (
        <ChoiceList
          legend="Tables"
          options={[...byLabel.keys()]}
          chosen={draft.tables.map(({ schema, name }) => labelOf(schema, name))}
          onChange={(chosen) => put({ tables: chosen.flatMap((label) => byLabel.get(label) ?? []) })}
        />
      )}
    </StatementSheet>
  );
}
