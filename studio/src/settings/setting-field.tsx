import type { RoomSetting } from '../data/settings.ts';
import { IconButton } from '../design/button.tsx';
import { Checkbox, SelectField, TextArea, TextField } from '../design/field.tsx';
import { choicesOf, fieldKind, listLines, listText, originText } from './fields.ts';
import styles from './settings.module.css';

interface SettingFieldProps {
  readonly setting: RoomSetting;
  /** What somebody wants it to be; null: what counts without the dashboard; undefined: as it is. */
  readonly draft: string | null | undefined;
  readonly readOnly: boolean;
  /** Why it cannot be what somebody wants. */
  readonly problem?: string | undefined;
  readonly onChange: (draft: string | null | undefined) => void;
}

/** One setting: what it does, its value, where that comes from. */
export function SettingField({ setting, draft, readOnly, problem, onChange }: SettingFieldProps) {
  const { name, changedHere, counts, waits } = setting;
  return (
    <div className={styles.setting} data-changed={draft !== undefined || undefined}>
      <div className={styles.value}>
        <Value setting={setting} draft={draft} readOnly={readOnly} problem={problem} onChange={onChange} />
        <p className={styles.about}>
          <code>{name}</code>
          <span>{draft === null ? 'will be what counts without the dashboard' : originText(setting)}</span>
          {counts === 'restart' && <span>{waits ? 'waits for a restart' : 'counts from the next start on'}</span>}
        </p>
      </div>
      {!readOnly && draft !== undefined ? (
        <IconButton small icon="undo" label={`Leave ${name} as it is`} onClick={() => onChange(undefined)} />
      ) : (
        !readOnly &&
        changedHere && (
          <IconButton small icon="close" label={`Take ${name} away from here`} onClick={() => onChange(null)} />
        )
      )}
    </div>
  );
}

const sentence = (help: string): string => help.replace(/\.$/, '');

function Value({ setting, draft, readOnly, problem, onChange }: SettingFieldProps) {
  const { help, type, isSet, standard } = setting;
  const label = sentence(help);
  const text = draft ?? setting.text ?? '';
  switch (fieldKind(setting)) {
    case 'switch':
      return (
        <>
          <Checkbox
            label={label}
            disabled={readOnly}
            checked={text === 'true'}
            onChange={(event) => onChange(String(event.currentTarget.checked))}
          />
          {problem && (
            <p className={styles.problem} role="alert">
              {problem}
            </p>
          )}
        </>
      );
    case 'choice':
      return (
        <SelectField
          label={label}
          problem={problem}
          disabled={readOnly}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        >
          {choicesOf(type).map((each) => (
            <option key={each}>{each}</option>
          ))}
        </SelectField>
      );
    case 'list':
      return (
        <TextArea
          label={`${label} (one a line)`}
          problem={problem}
          readOnly={readOnly}
          rows={3}
          defaultValue={listLines(text === ',' ? '' : text)}
          key={draft === undefined || draft === null ? `${draft}` : 'typed'}
          onChange={(event) => onChange(listText(event.currentTarget.value))}
        />
      );
    case 'secret':
      return (
        <TextField
          label={label}
          problem={problem}
          type="password"
          autoComplete="off"
          readOnly={readOnly}
          placeholder={isSet ? 'Set; type another one to change it' : 'Not set'}
          value={draft ?? ''}
          onChange={(event) => onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value)}
        />
      );
    case 'text':
      return (
        <TextField
          label={label}
          problem={problem}
          readOnly={readOnly}
          placeholder={standard === '' ? type : standard}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}
