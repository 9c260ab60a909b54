import { type ReactNode, useState } from 'react';
import { useStatements } from '../data/statements.ts';
import { CodeBlock } from './code-block.tsx';
import { Confirm } from './dialog.tsx';
import { Checkbox } from './field.tsx';
import { ErrorBox } from './states.tsx';
import { useToasts } from './toast.tsx';

/** Asks before something is dropped, and shows the statement. Where data can be lost, its name has to be typed. */
export function DropDialog({
  name,
  sql,
  losesData = false,
  cascades = false,
  children,
  onDone,
  onClose,
}: {
  readonly name: string;
  readonly sql: (cascade: boolean) => string;
  readonly losesData?: boolean;
  /** True: what depends on it can go, too. */
  readonly cascades?: boolean;
  readonly children: ReactNode;
  readonly onDone?: () => void;
  readonly onClose: () => void;
}) {
  const [cascade, setCascade] = useState(false);
  const toasts = useToasts();
  const statements = useStatements(() => {
    toasts.done(`${name} is gone`);
    onClose();
    onDone?.();
  });
  return (
    <Confirm
      title={`Drop ${name}?`}
      action="Drop it"
      typed={losesData || cascade ? name : undefined}
      busy={statements.busy}
      onConfirm={() => statements.run(sql(cascade))}
      onClose={onClose}
    >
      {children}
      {cascades && (
        <Checkbox
          label="also whatever depends on it (cascade)"
          checked={cascade}
          onChange={({ currentTarget }) => setCascade(currentTarget.checked)}
        />
      )}
      <CodeBlock label="What is run" code={sql(cascade)} />
      {statements.error && <ErrorBox error={statements.error} />}
    </Confirm>
  );
}
