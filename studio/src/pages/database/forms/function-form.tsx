import { useState } from 'react';
import { Button, IconButton } from '../../../design/button.tsx';
import { Checkbox, Input, Select, SelectField, TextArea, TextField } from '../../../design/field.tsx';
import { StatementSheet } from '../../../design/statement-sheet.tsx';
import { Note } from '../../../design/states.tsx';
import {
  argumentModes,
  describeFunction,
  type FunctionArgument,
  type FunctionDraft,
  functionProblem,
  functionSql,
  isRemade,
  newFunction,
} from '../../../sql/ddl/function.ts';
import styles from './forms.module.css';
import { type FormProps, Loaded, SqlField, useNames, useSchemas } from './parts.tsx';

const listLanguages = `select lanname as name from pg_language where lanname not in ('c', 'internal') order by lanname <> 'plpgsql', 1`;
const listTypes = `select format_type(t.oid, null) as name from pg_type t join pg_namespace n on n.oid = t.typnamespace
where t.typtype in ('b', 'e', 'd', 'p') and (n.nspname !~ '^(pg_|information_schema)' or t.typname in ('text', 'int4', 'int8', 'bool', 'uuid', 'timestamptz', 'date', 'numeric', 'jsonb', 'void', 'trigger', 'record', 'event_trigger'))
  and t.typname !~ '^_' order by 1 limit 300`;

/** Makes a function, or changes one. */
export function FunctionForm({ entry, onClose }: FormProps) {
  if (!entry) return <Form onClose={onClose} />;
  return (
    <Loaded<FunctionDraft> title={String(entry.name)} sql={describeFunction(Number(entry.id))} onClose={onClose}>
      {(before) => <Form before={before} onClose={onClose} />}
    </Loaded>
  );
}

function Form({ before, onClose }: { readonly before?: FunctionDraft; readonly onClose: () => void }) {
  const [draft, setDraft] = useState<FunctionDraft>(before ?? newFunction('public'));
  const put = (part: Partial<FunctionDraft>) => setDraft((all) => ({ ...all, ...part }));
  const schemas = useSchemas(draft.schema);
  const languages = useNames<{ name: string }>(listLanguages).map(({ name }) => name);
  const types = useNames<{ name: string }>(listTypes);
  const problem = functionProblem(draft);
  const argument = (at: number, part: Partial<FunctionArgument>) =>
    put({ arguments: draft.arguments.map((each, index) => (index === at ? { ...each, ...part } : each)) });
  const hasPath = draft.config.some((entry) => /^\s*search_path\s*=/.test(entry));
  return (
    <StatementSheet
      wide
      title={before ? `Change ${before.name}` : 'New function'}
      action={before ? 'Save' : 'Create'}
      problem={problem}
      sql={problem === undefined ? functionSql(before, draft) : ''}
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
          onChange={({ currentTarget }) => put({ schema: currentTarget.value })}
        >
          {schemas.map((each) => (
            <option key={each}>{each}</option>
          ))}
        </SelectField>
        <SelectField
          label="Language"
          value={draft.language}
          disabled={draft.standard}
          onChange={({ currentTarget }) => {
            const language = currentTarget.value;
            const isFresh = draft.body === newFunction('').body;
            put({ language, ...(language === 'sql' && isFresh && { body: '\nselect null::text\n' }) });
          }}
        >
          {[...new Set([...languages, draft.language])].map((each) => (
            <option key={each}>{each}</option>
          ))}
        </SelectField>
        {!draft.procedure && (
          <TextField
            label="Returns"
            list="function-types"
            value={draft.returns}
            onChange={({ currentTarget }) => put({ returns: currentTarget.value })}
          />
        )}
      </div>
      <datalist id="function-types">
        {types.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {!before && (
        <Checkbox
          label="a procedure: called by itself, returns nothing, may commit"
          checked={draft.procedure}
          onChange={({ currentTarget }) => put({ procedure: currentTarget.checked })}
        />
      )}
      <fieldset className={styles.checks}>
        <legend>Arguments</legend>
      </fieldset>
      <ul className={styles.list}>
        {draft.arguments.map((each, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: names change while they are typed
          <li key={at} className={styles.argument}>
            <Select
              aria-label={`Way of argument ${at + 1}`}
              value={each.mode}
              onChange={({ currentTarget }) => argument(at, { mode: currentTarget.value as FunctionArgument['mode'] })}
            >
              {argumentModes.map((mode) => (
                <option key={mode}>{mode}</option>
              ))}
            </Select>
            <Input
              aria-label={`Name of argument ${at + 1}`}
              placeholder="name"
              value={each.name}
              onChange={({ currentTarget }) => argument(at, { name: currentTarget.value })}
            />
            <Input
              aria-label={`Type of argument ${at + 1}`}
              placeholder="type"
              list="function-types"
              value={each.type}
              onChange={({ currentTarget }) => argument(at, { type: currentTarget.value })}
            />
            <Input
              aria-label={`Default of argument ${at + 1}`}
              placeholder="default"
              value={each.default}
              onChange={({ currentTarget }) => argument(at, { default: currentTarget.value })}
            />
            <IconButton
              icon="trash"
              label={`Remove argument ${each.name || at + 1}`}
              onClick={() => put({ arguments: draft.arguments.filter((_, index) => index !== at) })}
            />
          </li>
        ))}
      </ul>
      <div>
        <Button
          small
          icon="plus"
          onClick={() => put({ arguments: [...draft.arguments, { mode: 'in', name: '', type: 'text', default: '' }] })}
        >
          Argument
        </Button>
      </div>
      <SqlField label="Body" value={draft.body} onChange={(body) => put({ body })} />
      <div className={styles.row}>
        {!draft.procedure && (
          <SelectField
            label="Behaviour"
            value={draft.volatility}
            onChange={({ currentTarget }) => put({ volatility: currentTarget.value as FunctionDraft['volatility'] })}
          >
            <option value="volatile">volatile: changes things</option>
            <option value="stable">stable: only reads</option>
            <option value="immutable">immutable: depends on its arguments alone</option>
          </SelectField>
        )}
        <SelectField
          label="Runs with the rights of"
          value={draft.definer ? 'owner' : 'caller'}
          onChange={({ currentTarget }) => put({ definer: currentTarget.value === 'owner' })}
        >
          <option value="caller">who calls it (invoker)</option>
          <option value="owner">its owner (definer)</option>
        </SelectField>
      </div>
      {draft.definer && !hasPath && (
        <Note kind="warn">
          It runs with its owner’s rights: give it a search_path of its own, or callers decide what its names mean.
        </Note>
      )}
      {!draft.procedure && (
        <Checkbox
          label="null where an argument is null (strict)"
          checked={draft.strict}
          onChange={({ currentTarget }) => put({ strict: currentTarget.checked })}
        />
      )}
      <TextArea
        label="Settings while it runs"
        hint="One a line, as search_path=public or statement_timeout=5s"
        value={draft.config.join('\n')}
        onChange={({ currentTarget }) =>
          put({ config: currentTarget.value === '' ? [] : currentTarget.value.split('\n') })
        }
      />
      <TextField
        label="Comment"
        value={draft.comment}
        onChange={({ currentTarget }) => put({ comment: currentTarget.value })}
      />
      {before && problem === undefined && isRemade(before, draft) && (
        <Note kind="warn">
          What it takes or returns has changed, so that a new function takes its place: rights that were granted to it
          are lost, and where something depends on it, the database refuses.
        </Note>
      )}
    </StatementSheet>
  );
}
