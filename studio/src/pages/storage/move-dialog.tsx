import { type FormEvent, useState } from 'react';
import { Button } from '../../design/button.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { TextField } from '../../design/field.tsx';
import { ErrorBox } from '../../design/states.tsx';

/** Asks where to. */
export function MoveDialog({
  how,
  from,
  isFile,
  busy,
  error,
  onMove,
  onClose,
}: {
  readonly how: 'move' | 'copy';
  readonly from: string;
  readonly isFile: boolean;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onMove: (to: string) => void;
  readonly onClose: () => void;
}) {
  const [to, setTo] = useState(from);
  const title = how === 'move' ? 'Move or rename' : 'Copy';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onMove(to.replace(/^\/+|\/+$/g, ''));
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="move" disabled={busy || to === from}>
            {how === 'move' ? 'Move' : 'Copy'}
          </Button>
        </>
      }
    >
      <form id="move" onSubmit={submit}>
        <TextField
          label={isFile ? 'New path' : 'Into folder'}
          required={isFile}
          value={to}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
      </form>
      {error !== null && error !== undefined && <ErrorBox error={error} />}
    </Dialog>
  );
}
