import { useState } from 'react';
import { Button, IconButton } from '../../../design/button.tsx';
import { Input, SelectField, TextField } from '../../../design/field.tsx';
import { StatementSheet } from '../../../design/statement-sheet.tsx';
import { describeEnum, type EnumDraft, type EnumValue, enumProblem, enumSql } from '../../../sql/ddl/enum.ts';
import styles from './forms.module.css';
import { type FormProps, Loaded, useSchemas } from './parts.tsx';

type Row = Omit<EnumDraft, 'values'> & { readonly labels: readonly string[] };

/** Makes an enum, or adds and renames values of one. */
export function EnumForm({ entry, onClose }: FormProps) {
  if (!entry) return <Form onClose={onClose} />;
  return (
    <Loaded<Row> title={String(entry.name)} sql={describeEnum(Number(entry.id))} onClose={onClose}>
      {({ labels, ...row }) => (
        <Form before={{ ...row, values: labels.map((label) => ({ was: label, label })) }} onClose={onClose} />
      )}
    </Loaded>
  );
}

const fresh: EnumValue = { was: undefined, label: '' };

function Form({ before: first, onClose }: { readonly before?: EnumDraft; readonly onClose: () => void }) {
  const [before] = useState(first);
  const [draft, setDraft] = useState<EnumDraft>(before ?? { schema: 'public', name: '', values: [fresh], comment: '' });
  const put = (part: Partial<EnumDraft>) => setDraft((all) => ({ ...all, ...part }));
  const schemas = useSchemas(draft.schema);
  const problem = enumProblem(draft);
  const insert = (at: number) => put({ values: [...draft.values.slice(0, at), fresh, ...draft.values.slice(at)] });
  return (
    <StatementSheet
      title={before ? `Change ${before.name}` : 'New enum'}
      action={before ? 'Save' : 'Create'}
      problem={problem}
      sql={problem === undefined ? enumSql(before, draft) : ''}
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
      <fieldset className={styles.checks}>
        <legend>Values, in the order in which they are sorted</legend>
      </fieldset>
      <ul className={styles.list}>
        {draft.values.map((value, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: labels change while they are typed
          <li key={at} className={styles.item}>
            <Input
              aria-label={`Value ${at + 1}`}
              value={value.label}
              onChange={({ currentTarget }) =>
                put({
                  values: draft.values.map((each, index) =>
                    index === at ? { ...each, label: currentTarget.value } : each,
                  ),
                })
              }
            />
            <span>
              <IconButton icon="plus" label={`A value after ${value.label || at + 1}`} onClick={() => insert(at + 1)} />
              {value.was === undefined && (
                <IconButton
                  icon="trash"
                  label={`Remove value ${value.label || at + 1}`}
                  onClick={() => put({ values: draft.values.filter((_, index) => index !== at) })}
                />
              )}
            </span>
          </li>
        ))}
      </ul>
      <div>
        <Button small icon="plus" onClick={() => insert(draft.values.length)}>
          Value
        </Button>
      </div>
      {before && <p className={styles.note}>PostgreSQL can rename values and add some, but not remove them.</p>}
      <TextField
        label="Comment"
        value={draft.comment}
        onChange={({ currentTarget }) => put({ comment: currentTarget.value })}
      />
    </StatementSheet>
  );
}
