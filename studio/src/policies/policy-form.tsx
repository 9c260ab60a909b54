import { type FormEvent, useState } from 'react';
import { Button } from '../design/button.tsx';
import { CodeBlock } from '../design/code-block.tsx';
import { Sheet } from '../design/dialog.tsx';
import { Checkbox, SelectField, TextArea, TextField } from '../design/field.tsx';
import { ErrorBox } from '../design/states.tsx';
import { useToasts } from '../design/toast.tsx';
import {
  createPolicy,
  expressionsOf,
  type GuardedTable,
  type Policy,
  type PolicyCommand,
  type PolicyDraft,
  policyCommands,
  replacePolicy,
} from '../sql/policies.ts';
import { useColumnNames, usePolicyChange } from './data.ts';
import styles from './policies.module.css';
import { type PolicyTemplate, templatesFor } from './templates.ts';

const fresh: PolicyDraft = {
  name: '',
  command: 'select',
  permissive: true,
  roles: ['authenticated'],
  using: '',
  check: '',
};
const usualRoles = ['anon', 'authenticated', 'public'];

/** Makes a policy, or another one in the place of one there is. */
export function PolicyForm({
  table,
  policy,
  templates: given,
  onClose,
}: {
  readonly table: Pick<GuardedTable, 'schema' | 'name'>;
  readonly policy?: Policy | undefined;
  /** To begin with; default: those that fit the table's columns. */
  readonly templates?: readonly PolicyTemplate[];
  readonly onClose: () => void;
}) {
  const toasts = useToasts();
  const [draft, setDraft] = useState<PolicyDraft>(policy ?? fresh);
  const columns = useColumnNames(table.schema, table.name);
  const templates = given ?? templatesFor((columns.data ?? []).map(({ name }) => name));
  const change = usePolicyChange(() => {
    toasts.done(`“${draft.name}” guards ${table.name}`);
    onClose();
  });
  const has = expressionsOf(draft.command);
  const sql = policy ? replacePolicy(policy, draft) : createPolicy(table.schema, table.name, draft);
  const put = (part: Partial<PolicyDraft>) => setDraft((all) => ({ ...all, ...part }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(sql);
  };
  const roles = [...new Set([...usualRoles, ...draft.roles])];
  return (
    <Sheet
      title={policy ? policy.name : `Policy for ${table.name}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="policy" disabled={change.isPending}>
            {policy ? 'Save' : 'Make the policy'}
          </Button>
        </>
      }
    >
      <form id="policy" className={styles.form} onSubmit={submit}>
        {!policy && (
          <SelectField
            label="Begin with"
            value=""
            onChange={(event) => {
              const chosen = templates[Number(event.currentTarget.value)];
              if (chosen) setDraft(chosen.draft);
            }}
          >
            <option value="">A template…</option>
            {templates.map(({ title }, index) => (
              <option key={title} value={index}>
                {title}
              </option>
            ))}
          </SelectField>
        )}
        <TextField
          label="Name"
          required
          maxLength={63}
          value={draft.name}
          onChange={(event) => put({ name: event.currentTarget.value })}
        />
        <div className={styles.row}>
          <SelectField
            label="For"
            value={draft.command}
            onChange={(event) => put({ command: event.currentTarget.value as PolicyCommand })}
          >
            {policyCommands.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </SelectField>
          <SelectField
            label="It"
            value={draft.permissive ? 'allows' : 'refuses'}
            onChange={(event) => put({ permissive: event.currentTarget.value === 'allows' })}
          >
            <option value="allows">allows (permissive)</option>
            <option value="refuses">refuses the rest (restrictive)</option>
          </SelectField>
        </div>
        <fieldset className={styles.roles}>
          <legend>To</legend>
          {roles.map((role) => (
            <Checkbox
              key={role}
              label={role === 'public' ? 'public: everybody' : role}
              checked={draft.roles.includes(role)}
              onChange={(event) =>
                put({
                  roles: event.currentTarget.checked
                    ? [...draft.roles, role]
                    : draft.roles.filter((each) => each !== role),
                })
              }
            />
          ))}
        </fieldset>
        {has.using && (
          <TextArea
            label="Rows there are for them (using)"
            placeholder="(select auth.uid()) = user_id"
            value={draft.using}
            onChange={(event) => put({ using: event.currentTarget.value })}
          />
        )}
        {has.check && (
          <TextArea
            label="What new rows have to be (with check)"
            {...(has.using && { hint: 'Left empty, the same as above.' })}
            placeholder="(select auth.uid()) = user_id"
            value={draft.check}
            onChange={(event) => put({ check: event.currentTarget.value })}
          />
        )}
        <CodeBlock code={sql} label="SQL of the policy" />
      </form>
      {change.error && <ErrorBox error={change.error} />}
    </Sheet>
  );
}
