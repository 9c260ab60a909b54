import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { Button, IconButton } from './button.tsx';
import { classes } from './classes.ts';
import styles from './dialog.module.css';
import { TextField } from './field.tsx';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Buttons at the end. */
  readonly actions?: ReactNode;
  readonly wide?: boolean;
}

function Modal({
  className,
  label,
  labelledBy,
  onClose,
  children,
}: {
  readonly className: string;
  readonly label?: string;
  readonly labelledBy?: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside it; the keyboard has Escape
    <dialog
      ref={ref}
      className={className}
      aria-label={label}
      aria-labelledby={labelledBy}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      {children}
    </dialog>
  );
}

function Framed({ title, titleId, onClose, children, actions }: DialogProps & { readonly titleId: string }) {
  return (
    <div className={styles.frame}>
      <div className={styles.head}>
        <h2 id={titleId}>{title}</h2>
        <IconButton icon="close" label="Close" onClick={onClose} />
      </div>
      <div className={styles.body}>{children}</div>
      {actions && <div className={styles.foot}>{actions}</div>}
    </div>
  );
}

/** A question or a short form in the middle, over everything; Escape and a click beside it close it. */
export function Dialog(props: DialogProps) {
  const titleId = useId();
  return (
    <Modal className={classes(styles.dialog, props.wide && styles.wide)} labelledBy={titleId} onClose={props.onClose}>
      <Framed {...props} titleId={titleId} />
    </Modal>
  );
}

/** A long form at the right edge. */
export function Sheet(props: DialogProps) {
  const titleId = useId();
  return (
    <Modal className={classes(styles.sheet, props.wide && styles.broad)} labelledBy={titleId} onClose={props.onClose}>
      <Framed {...props} titleId={titleId} />
    </Modal>
  );
}

/** The navigation of narrow screens, at the left edge. */
export function Drawer({
  label,
  onClose,
  children,
}: {
  readonly label: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  return (
    <Modal className={classes(styles.sheet, styles.left)} label={label} onClose={onClose}>
      {children}
    </Modal>
  );
}

/** Asks before something that cannot be undone. @param typed what has to be typed first, where data is lost */
export function Confirm({
  title,
  children,
  action,
  typed,
  busy = false,
  onConfirm,
  onClose,
}: {
  readonly title: string;
  readonly children: ReactNode;
  /** What the button says, e.g. `Delete 3 rows`. */
  readonly action: string;
  readonly typed?: string | undefined;
  readonly busy?: boolean;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}) {
  const [text, setText] = useState('');
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="danger" disabled={busy || (typed !== undefined && text !== typed)} onClick={onConfirm}>
            {action}
          </Button>
        </>
      }
    >
      {children}
      {typed !== undefined && (
        <TextField
          label={`Type ${typed} to go on`}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
      )}
    </Dialog>
  );
}
