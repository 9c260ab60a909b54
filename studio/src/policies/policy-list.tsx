import { useState } from 'react';
import { useMay } from '../data/session.ts';
import { Badge } from '../design/badge.tsx';
import { IconButton } from '../design/button.tsx';
import { Confirm } from '../design/dialog.tsx';
import { useToasts } from '../design/toast.tsx';
import { dropPolicy, type Policy } from '../sql/policies.ts';
import { usePolicyChange } from './data.ts';
import styles from './policies.module.css';
import { PolicyForm } from './policy-form.tsx';

/** Policies, to change and to drop. */
export function PolicyList({ policies }: { readonly policies: readonly Policy[] }) {
  const may = useMay('developer');
  const toasts = useToasts();
  const [opened, setOpened] = useState<{ readonly what: 'edit' | 'drop'; readonly policy: Policy }>();
  const close = () => setOpened(undefined);
  const change = usePolicyChange(() => {
    close();
    toasts.done('Done');
  });
  return (
    <>
      {policies.map((policy) => (
        <div key={policy.name} className={styles.policy}>
          <div>
            <b>{policy.name}</b>
            {policy.using !== '' && <code>using {policy.using}</code>}
            {policy.check !== '' && <code>check {policy.check}</code>}
          </div>
          <Badge kind="info">{policy.command}</Badge>
          {!policy.permissive && <Badge kind="wait">restrictive</Badge>}
          <span>{policy.roles.join(', ')}</span>
          {may && (
            <span>
              <IconButton
                small
                icon="pencil"
                label={`Change ${policy.name}`}
                onClick={() => setOpened({ what: 'edit', policy })}
              />
              <IconButton
                small
                icon="trash"
                label={`Drop ${policy.name}`}
                onClick={() => setOpened({ what: 'drop', policy })}
              />
            </span>
          )}
        </div>
      ))}
      {opened?.what === 'edit' && (
        <PolicyForm
          table={{ schema: opened.policy.schema, name: opened.policy.table }}
          policy={opened.policy}
          onClose={close}
        />
      )}
      {opened?.what === 'drop' && (
        <Confirm
          title={`Drop “${opened.policy.name}”?`}
          action="Drop the policy"
          busy={change.isPending}
          onClose={close}
          onConfirm={() => change.mutate(dropPolicy(opened.policy), { onError: toasts.failed })}
        >
          <p>What it allowed is refused from then on, unless another policy allows it.</p>
        </Confirm>
      )}
    </>
  );
}
