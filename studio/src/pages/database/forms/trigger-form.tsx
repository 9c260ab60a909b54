import { useState } from 'react';
import { ChoiceList } from '../../../design/choice-list.tsx';
import { Checkbox, SelectField, TextArea, TextField } from '../../../design/field.tsx';
import { StatementSheet } from '../../../design/statement-sheet.tsx';
import { Note } from '../../../design/states.tsx';
import {
  describeTrigger,
  newTrigger,
  readTrigger,
  type TriggerDraft,
  triggerEvents,
  triggerProblem,
  triggerSql,
  triggerTimings,
} from '../../../sql/ddl/trigger.ts';
import { listColumnNames } from '../../../sql/policies.ts';
import styles from './forms.module.css';
import { type FormProps, Loaded, labelOf, pairOf, readPair, useNames, useTables } from './parts.tsx';

const listFunctions = `select n.nspname as schema, p.proname as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where p.prorettype = 'trigger'::regtype and n.nspname not in ('pg_catalog', 'information_schema') order by n.nspname <> 'public', 1, 2 limit 1000`;

/** Makes a trigger, or changes one. */
export function TriggerForm({ entry, onClose }: FormProps) {
  if (!entry) return <Form onClose={onClose} />;
  return (
    <Loaded<Parameters<typeof readTrigger>[0]>
      title={String(entry.name)}
      sql={describeTrigger(Number(entry.id))}
      onClose={onClose}
    >
      {(row) => <Form before={readTrigger(row)} onClose={onClose} />}
    </Loaded>
  );
}

const states = { on: 'on', off: 'off', replica: 'only where changes are replayed', always: 'always' } as const;

function Form({ before: first, onClose }: { readonly before?: TriggerDraft; readonly onClose: () => void }) {
  const [before] = useState(first);
  const [draft, setDraft] = useState<TriggerDraft>(before ?? newTrigger('', ''));
  const put = (part: Partial<TriggerDraft>) => setDraft((all) => ({ ...all, ...part }));
  const tables = useTables();
  const functions = useNames<{ schema: string; name: string }>(listFunctions);
  const columns = useNames<{ name: string }>(listColumnNames(draft.schema, draft.table), draft.table !== '');
  const problem = triggerProblem(draft);
  const current = draft.functionName === '' ? [] : [{ schema: draft.functionSchema, name: draft.functionName }];
  const offered = [...functions, ...current.filter((own) => !functions.some((each) => sameName(each, own)))];
  return (
    <StatementSheet
      title={before ? `Change ${before.name}` : 'New trigger'}
      action={before ? 'Save' : 'Create'}
      problem={problem}
      sql={problem === undefined ? triggerSql(before, draft) : ''}
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
      <SelectField
        label="Table"
        value={draft.table === '' ? '' : pairOf(draft.schema, draft.table)}
        disabled={before !== undefined}
        onChange={({ currentTarget }) => {
          const [schema, table] = readPair(currentTarget.value);
          put({ schema, table, columns: [] });
        }}
      >
        <option value="">Choose…</option>
        {(before ? [{ schema: before.schema, name: before.table }] : tables).map(({ schema, name }) => (
          <option key={pairOf(schema, name)} value={pairOf(schema, name)}>
            {labelOf(schema, name)}
          </option>
        ))}
      </SelectField>
      {draft.constraint ? (
        <Note>This is a constraint trigger: its name and whether it runs can be changed here, the rest in SQL.</Note>
      ) : (
        <>
          <div className={styles.row}>
            <SelectField
              label="Runs"
              value={draft.timing}
              onChange={({ currentTarget }) => put({ timing: currentTarget.value as TriggerDraft['timing'] })}
            >
              {triggerTimings.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </SelectField>
            <SelectField
              label="Once for"
              value={draft.level}
              onChange={({ currentTarget }) => put({ level: currentTarget.value as TriggerDraft['level'] })}
            >
              <option value="row">each row</option>
              <option value="statement">each statement</option>
            </SelectField>
          </div>
          <fieldset className={styles.checks}>
            <legend>When rows are</legend>
            {triggerEvents.map((event) => (
              <Checkbox
                key={event}
                label={event}
                checked={draft.events.includes(event)}
                onChange={({ currentTarget }) =>
                  put({
                    events: triggerEvents.filter((each) =>
                      each === event ? currentTarget.checked : draft.events.includes(each),
                    ),
                  })
                }
              />
            ))}
          </fieldset>
          {draft.events.includes('update') && draft.table !== '' && (
            <ChoiceList
              legend="Only when these columns are updated"
              options={columns.map(({ name }) => name)}
              chosen={draft.columns}
              onChange={(chosen) => put({ columns: chosen })}
            />
          )}
          <TextField
            label="Only when"
            hint="A condition; new and old are the row"
            placeholder="old.title is distinct from new.title"
            value={draft.when}
            onChange={({ currentTarget }) => put({ when: currentTarget.value })}
          />
          <SelectField
            label="Function"
            hint="Functions that return trigger"
            value={draft.functionName === '' ? '' : pairOf(draft.functionSchema, draft.functionName)}
            onChange={({ currentTarget }) => {
              const [functionSchema, functionName] = readPair(currentTarget.value);
              put({ functionSchema, functionName });
            }}
          >
            <option value="">Choose…</option>
            {offered.map(({ schema, name }) => (
              <option key={pairOf(schema, name)} value={pairOf(schema, name)}>
                {labelOf(schema, name)}
              </option>
            ))}
          </SelectField>
          <TextArea
            label="Arguments"
            hint="Texts the function gets, one a line"
            value={draft.arguments.join('\n')}
            onChange={({ currentTarget }) =>
              put({ arguments: currentTarget.value === '' ? [] : currentTarget.value.split('\n') })
            }
          />
        </>
      )}
      <SelectField
        label="State"
        value={draft.state}
        onChange={({ currentTarget }) => put({ state: currentTarget.value as TriggerDraft['state'] })}
      >
        {Object.entries(states).map(([state, label]) => (
          <option key={state} value={state}>
            {label}
          </option>
        ))}
      </SelectField>
    </StatementSheet>
  );
}

const sameName = (
  a: { readonly schema: string; readonly name: string },
  b: { readonly schema: string; readonly name: string },
): boolean => a.schema === b.schema && a.name === b.name;
