import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { studio } from '../../data/client.ts';
import { type Role, roles } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Button, IconButton } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Confirm, Dialog } from '../../design/dialog.tsx';
import { SelectField, TextField } from '../../design/field.tsx';
import { PageLayout } from '../../design/layout.tsx';
import { Menu } from '../../design/menu.tsx';
import { ErrorBox, Skeleton } from '../../design/states.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { useToasts } from '../../design/toast.tsx';
import { type Operator, useAudit, useOperatorChange, useOperators } from './data.ts';

const about: Readonly<Record<Role, string>> = {
  'read-only': 'Sees everything but secrets, and changes nothing; SQL runs under a role that can only read.',
  developer: 'Works with data, users, files and functions, and can have keys shown.',
  owner: 'Looks after operators and reads the audit log besides.',
};

/** Who may use the dashboard, and what they did: `/team`, `/team/audit`. */
export function Page() {
  const [path, go] = useLocation();
  const [adding, setAdding] = useState(false);
  const view = path === '/team/audit' ? 'audit' : 'operators';
  return (
    <PageLayout
      title="Team"
      about="People who may use this dashboard. They are not the users of your application."
      actions={
        <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
          Add an operator
        </Button>
      }
    >
      <Tabs
        label="Team"
        value={view}
        onChange={(key) => go(key === 'audit' ? '/team/audit' : '/team')}
        tabs={[
          { key: 'operators', label: 'Operators', content: () => <Operators /> },
          { key: 'audit', label: 'Audit log', content: () => <Audit /> },
        ]}
      />
      {adding && <AddOperator onClose={() => setAdding(false)} />}
    </PageLayout>
  );
}

function Operators() {
  const operators = useOperators();
  const [changed, setChanged] = useState<{ operator: Operator; what: 'role' | 'password' | 'factor' | 'remove' }>();
  if (operators.error) return <ErrorBox error={operators.error} retry={() => void operators.refetch()} />;
  if (!operators.data) return <Skeleton />;
  const close = () => setChanged(undefined);
  return (
    <>
      <DataTable
        label="Operators"
        rows={operators.data}
        keyOf={({ id }) => id}
        columns={[
          { title: 'Name', render: ({ name }) => name },
          { title: 'Role', render: ({ role }) => <Badge kind={role === 'owner' ? 'info' : 'plain'}>{role}</Badge> },
          {
            title: 'Second factor',
            render: ({ secondFactor }) => (secondFactor ? <Badge kind="good">on</Badge> : 'off'),
          },
          { title: 'Since', render: ({ createdAt }) => new Date(createdAt).toLocaleDateString() },
          {
            title: 'Actions',
            quiet: true,
            render: (operator) =>
              operator.fromSettings ? (
                <small>DASHBOARD_USERNAME</small>
              ) : (
                <Menu
                  label={`Actions for ${operator.name}`}
                  items={[
                    {
                      label: 'Change the role',
                      icon: 'shield',
                      onSelect: () => setChanged({ operator, what: 'role' }),
                    },
                    {
                      label: 'Set a password',
                      icon: 'key',
                      onSelect: () => setChanged({ operator, what: 'password' }),
                    },
                    {
                      label: 'Reset the second factor',
                      icon: 'lock',
                      disabled: !operator.secondFactor,
                      onSelect: () => setChanged({ operator, what: 'factor' }),
                    },
                    {
                      label: 'Remove',
                      icon: 'trash',
                      danger: true,
                      line: true,
                      onSelect: () => setChanged({ operator, what: 'remove' }),
                    },
                  ]}
                  trigger={(props) => <IconButton icon="more" label={`Actions for ${operator.name}`} {...props} />}
                />
              ),
          },
        ]}
      />
      {changed?.what === 'remove' && <Remove operator={changed.operator} onClose={close} />}
      {changed?.what === 'factor' && <ResetFactor operator={changed.operator} onClose={close} />}
      {changed?.what === 'role' && <ChangeRole operator={changed.operator} onClose={close} />}
      {changed?.what === 'password' && <SetPassword operator={changed.operator} onClose={close} />}
    </>
  );
}

interface Changing {
  readonly operator: Operator;
  readonly onClose: () => void;
}

function Remove({ operator, onClose }: Changing) {
  const toasts = useToasts();
  const remove = useOperatorChange(
    () => studio(`/operators/${operator.id}`, { method: 'DELETE' }),
    () => {
      toasts.done(`${operator.name} is removed`);
      onClose();
    },
  );
  return (
    <Confirm
      title={`Remove ${operator.name}?`}
      action="Remove"
      busy={remove.isPending}
      onConfirm={() => remove.mutate(undefined)}
      onClose={onClose}
    >
      <p>The account and its sessions end at once. What it did stays in the audit log.</p>
      {remove.error && <ErrorBox error={remove.error} />}
    </Confirm>
  );
}

function ResetFactor({ operator, onClose }: Changing) {
  const toasts = useToasts();
  const reset = useOperatorChange(
    () => studio(`/operators/${operator.id}`, { method: 'PATCH', body: { secondFactor: false } }),
    () => {
      toasts.done(`${operator.name} signs in with the password alone now`);
      onClose();
    },
  );
  return (
    <Confirm
      title={`Reset the second factor of ${operator.name}?`}
      action="Reset"
      busy={reset.isPending}
      onConfirm={() => reset.mutate(undefined)}
      onClose={onClose}
    >
      <p>For somebody who lost their authenticator app. Until they set up another, the password is enough.</p>
      {reset.error && <ErrorBox error={reset.error} />}
    </Confirm>
  );
}

function ChangeRole({ operator, onClose }: Changing) {
  const toasts = useToasts();
  const [role, setRole] = useState(operator.role);
  const change = useOperatorChange(
    () => studio(`/operators/${operator.id}`, { method: 'PATCH', body: { role } }),
    () => {
      toasts.done(`${operator.name} is ${role} now`);
      onClose();
    },
  );
  return (
    <Dialog
      title={`Role of ${operator.name}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" disabled={change.isPending} onClick={() => change.mutate(undefined)}>
            Save
          </Button>
        </>
      }
    >
      <RoleField value={role} onChange={setRole} />
      {change.error && <ErrorBox error={change.error} />}
    </Dialog>
  );
}

function RoleField({ value, onChange }: { readonly value: Role; readonly onChange: (role: Role) => void }) {
  return (
    <SelectField
      label="Role"
      value={value}
      hint={about[value]}
      onChange={(event) => onChange(event.currentTarget.value as Role)}
    >
      {roles.map((role) => (
        <option key={role}>{role}</option>
      ))}
    </SelectField>
  );
}

function SetPassword({ operator, onClose }: Changing) {
  const toasts = useToasts();
  const [password, setPassword] = useState('');
  const change = useOperatorChange(
    () => studio(`/operators/${operator.id}`, { method: 'PATCH', body: { password } }),
    () => {
      toasts.done(`${operator.name} has a new password; their sessions ended`);
      onClose();
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(undefined);
  };
  return (
    <Dialog
      title={`Password of ${operator.name}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="set-password" disabled={change.isPending}>
            Save
          </Button>
        </>
      }
    >
      <form id="set-password" onSubmit={submit}>
        <PasswordField value={password} onChange={setPassword} />
      </form>
      {change.error && <ErrorBox error={change.error} />}
    </Dialog>
  );
}

function PasswordField({ value, onChange }: { readonly value: string; readonly onChange: (text: string) => void }) {
  return (
    <TextField
      label="Password"
      type="password"
      autoComplete="new-password"
      minLength={12}
      required
      hint="At least 12 characters. They can change it under Account."
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function AddOperator({ onClose }: { readonly onClose: () => void }) {
  const toasts = useToasts();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('developer');
  const [password, setPassword] = useState('');
  const add = useOperatorChange(
    () => studio('/operators', { method: 'POST', body: { name, role, password } }),
    () => {
      toasts.done(`${name} can sign in now`);
      onClose();
    },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(undefined);
  };
  return (
    <Dialog
      title="Add an operator"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="add-operator" disabled={add.isPending}>
            Add
          </Button>
        </>
      }
    >
      <form id="add-operator" onSubmit={submit} style={{ display: 'grid', gap: 'var(--s4)' }}>
        <TextField
          label="Name"
          autoComplete="off"
          required
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <RoleField value={role} onChange={setRole} />
        <PasswordField value={password} onChange={setPassword} />
      </form>
      {add.error && <ErrorBox error={add.error} />}
    </Dialog>
  );
}

function Audit() {
  const audit = useAudit();
  if (audit.error) return <ErrorBox error={audit.error} retry={() => void audit.refetch()} />;
  if (!audit.data) return <Skeleton />;
  return (
    <div style={{ display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: 'var(--s4)' }}>
      <div>
        <DataTable
          label="Audit log"
          rows={audit.data.pages.flat()}
          keyOf={({ id }) => id}
          columns={[
            { title: 'When', render: ({ at }) => <time dateTime={at}>{new Date(at).toLocaleString()}</time> },
            { title: 'Who', render: ({ operator }) => operator },
            { title: 'What', render: ({ action }) => action },
            { title: 'To', render: ({ target }) => <code>{target}</code> },
            { title: 'From', render: ({ address }) => address },
          ]}
        />
      </div>
      {audit.hasNextPage && (
        <Button disabled={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>
          Earlier entries
        </Button>
      )}
    </div>
  );
}
