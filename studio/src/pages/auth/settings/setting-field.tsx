import { IconButton } from '../../../design/button.tsx';
import { Checkbox, SelectField, TextArea, TextField } from '../../../design/field.tsx';
import type { LiveSetting } from './data.ts';
import { choicesOf, fieldKind, listLines, listText, originText } from './fields.ts';
import styles from './settings.module.css';

interface SettingFieldProps {
  readonly setting: LiveSetting;
  /** What somebody wants it to be; null: what counts without the dashboard; undefined: as it is. */
  readonly draft: string | null | undefined;
  readonly readOnly: boolean;
  readonly onChange: (draft: string | null | undefined) => void;
}

/** One setting: what it does, its value, where that comes from. */
export function SettingField({ setting, draft, readOnly, onChange }: SettingFieldProps) {
  const { name, changedHere } = setting;
  return (
    <div className={styles.setting} data-changed={draft !== undefined || undefined}>
      <div className={styles.value}>
        <Value setting={setting} draft={draft} readOnly={readOnly} onChange={onChange} />
        <p className={styles.about}>
          <code>{name}</code>
          <span>{draft === null ? 'will be what counts without the dashboard' : originText(setting)}</span>
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

function Value({ setting, draft, readOnly, onChange }: SettingFieldProps) {
  const { help, type, isSet, standard } = setting;
  const label = sentence(help);
  const text = draft ?? setting.text ?? '';
  switch (fieldKind(setting)) {
    case 'switch':
      return (
        <Checkbox
          label={label}
          disabled={readOnly}
          checked={text === 'true'}
          onChange={(event) => onChange(String(event.currentTarget.checked))}
        />
      );
    case 'choice':
      return (
        <SelectField
          label={label}
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
          readOnly={readOnly}
          placeholder={standard === '' ? type : standard}
          value={text}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}
