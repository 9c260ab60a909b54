import { useState } from 'react';
import { studio } from '../../../data/client.ts';
import { ChoiceList } from '../../../design/choice-list.tsx';
import { Checkbox, TextField } from '../../../design/field.tsx';
import { StatementSheet } from '../../../design/statement-sheet.tsx';
import { describeRole, newRole, type RoleDraft, roleAttributes, roleProblem, roleSql } from '../../../sql/ddl/role.ts';
import styles from './forms.module.css';
import { type FormProps, Loaded, useNames } from './parts.tsx';

const listRoles = `select rolname as name from pg_roles where not rolsuper order by rolname ~ '^pg_', 1`;

/** Makes a role, or changes one. */
export function RoleForm({ entry, onClose }: FormProps) {
  if (!entry) return <Form onClose={onClose} />;
  return (
    <Loaded<RoleDraft> title={String(entry.name)} sql={describeRole(Number(entry.id))} onClose={onClose}>
      {(before) => <Form before={before} onClose={onClose} />}
    </Loaded>
  );
}

// What stands for it until the statement is run: the password itself is in none.
const hidden = 'SCRAM-SHA-256$… (made of the password)';

function Form({ before, onClose }: { readonly before?: RoleDraft; readonly onClose: () => void }) {
  const [draft, setDraft] = useState<RoleDraft>(before ?? newRole);
  const [password, setPassword] = useState('');
  const put = (part: Partial<RoleDraft>) => setDraft((all) => ({ ...all, ...part }));
  const roles = useNames<{ name: string }>(listRoles)
    .map(({ name }) => name)
    .filter((name) => name !== draft.name);
  const problem = roleProblem(draft) ?? (password !== '' && password.length < 8 ? 'A password is longer' : undefined);
  async function prepare(): Promise<string> {
    if (password === '') return roleSql(before, draft);
    const { verifier } = await studio<{ verifier: string }>('/password-verifier', {
      method: 'POST',
      body: { password },
    });
    return roleSql(before, { ...draft, verifier });
  }
  return (
    <StatementSheet
      title={before ? `Change ${before.name}` : 'New role'}
      action={before ? 'Save' : 'Create'}
      problem={problem}
      sql={problem === undefined ? roleSql(before, { ...draft, verifier: password === '' ? '' : hidden }) : ''}
      prepare={prepare}
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
      <fieldset className={styles.checks}>
        <legend>It</legend>
        {roleAttributes.map(({ key, label }) => (
          <Checkbox
            key={key}
            label={label}
            checked={draft[key]}
            onChange={({ currentTarget }) => put({ [key]: currentTarget.checked })}
          />
        ))}
      </fieldset>
      {draft.login && (
        <TextField
          label={before ? 'New password' : 'Password'}
          type="password"
          autoComplete="new-password"
          hint={
            before
              ? 'Left empty, it stays as it is. 8 characters of ASCII or more.'
              : '8 characters of ASCII or more. Without one it can only sign in where the server asks for none.'
          }
          value={password}
          onChange={({ currentTarget }) => setPassword(currentTarget.value)}
        />
      )}
      <div className={styles.row}>
        <TextField
          label="Connections at most"
          type="number"
          min={-1}
          hint="-1: any number"
          value={Number.isNaN(draft.limit) ? '' : draft.limit}
          onChange={({ currentTarget }) => put({ limit: currentTarget.valueAsNumber })}
        />
        <TextField
          label="Password good until"
          placeholder="2027-01-01"
          hint="Empty: for ever"
          value={draft.validUntil}
          onChange={({ currentTarget }) => put({ validUntil: currentTarget.value })}
        />
      </div>
      <ChoiceList
        legend="Member of"
        options={roles}
        chosen={draft.memberOf}
        onChange={(memberOf) => put({ memberOf })}
      />
    </StatementSheet>
  );
}
