import type { ReactNode } from 'react';
import { useMay } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { Confirm } from '../../design/dialog.tsx';
import type { IconName } from '../../design/icon.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useChange, useInstalled } from './data.ts';

/** Shows something where an extension is there, and how to get it where it is not. */
export function WithExtension({
  name,
  icon,
  about,
  children,
}: {
  readonly name: string;
  readonly icon: IconName;
  readonly about: string;
  readonly children: ReactNode;
}) {
  const extensions = useInstalled();
  const may = useMay('developer');
  const install = useChange();
  if (extensions.error) return <ErrorBox error={extensions.error} retry={() => void extensions.refetch()} />;
  if (!extensions.data) return <Skeleton />;
  if (extensions.data.some((extension) => extension.name === name)) return children;
  return (
    <EmptyState
      icon={icon}
      title={`${name} is not installed`}
      actions={
        may && (
          <Button
            kind="primary"
            disabled={install.isPending}
            onClick={() => install.mutate(`create extension if not exists "${name}"`)}
          >
            Install it
          </Button>
        )
      }
    >
      {about}
      {install.error && <ErrorBox error={install.error} />}
    </EmptyState>
  );
}

/** Asks before something is gone, then runs it. */
export function ConfirmChange({
  title,
  action,
  sql,
  onClose,
  children,
}: {
  readonly title: string;
  readonly action: string;
  readonly sql: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const change = useChange(onClose);
  return (
    <Confirm
      title={title}
      action={action}
      busy={change.isPending}
      onClose={onClose}
      onConfirm={() => change.mutate(sql)}
    >
      {children}
      {change.error && <ErrorBox error={change.error} />}
    </Confirm>
  );
}
