import { type KeyboardEvent, useState } from 'react';
import { Button } from '../design/button.tsx';
import styles from './grid.module.css';

/** What a column takes. */
export interface Editable {
  readonly title: string;
  readonly type: string;
  readonly nullable: boolean;
  /** The only values there are, for booleans and enums. */
  readonly choices: readonly string[] | undefined;
}

/** Edits one value in PostgreSQL's text form. Enter keeps it, Shift+Enter is a line break, Escape leaves it as it was. */
export function CellEditor({
  of,
  value,
  onDone,
  onCancel,
}: {
  readonly of: Editable;
  readonly value: string | null;
  readonly onDone: (value: string | null) => void;
  readonly onCancel: () => void;
}) {
  const [text, setText] = useState(value ?? '');
  function onKeyDown(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key === 'Escape') {
      event.preventDefault();
      onCancel();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      onDone(text);
    }
  }
  const label = `${of.title}, ${of.type}`;
  return (
    <>
      {of.choices ? (
        <select
          aria-label={label}
          // biome-ignore lint/a11y/noAutofocus: it was opened to be used
          autoFocus
          value={text}
          onKeyDown={onKeyDown}
          onChange={(event) => onDone(event.currentTarget.value)}
        >
          {!of.choices.includes(text) && <option value={text}>{text === '' ? 'Choose…' : text}</option>}
          {of.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : (
        <textarea
          aria-label={label}
          // biome-ignore lint/a11y/noAutofocus: it was opened to be used
          autoFocus
          spellCheck={false}
          value={text}
          onKeyDown={onKeyDown}
          onChange={(event) => setText(event.currentTarget.value)}
          onFocus={(event) => event.currentTarget.setSelectionRange(text.length, text.length)}
        />
      )}
      <div className={styles.buttons}>
        {of.nullable && (
          <Button small onClick={() => onDone(null)}>
            NULL
          </Button>
        )}
        <Button small onClick={onCancel}>
          Cancel
        </Button>
        {!of.choices && (
          <Button small kind="primary" onClick={() => onDone(text)}>
            Keep
          </Button>
        )}
      </div>
    </>
  );
}
