import type { RoomSetting } from '../../data/settings.ts';
import { Badge } from '../../design/badge.tsx';
import { IconButton } from '../../design/button.tsx';
import { SettingField } from '../../settings/setting-field.tsx';
import { originOf } from './find.ts';
import styles from './page.module.css';

interface SettingRowProps {
  readonly setting: RoomSetting;
  readonly draft: string | null | undefined;
  readonly problem: string | undefined;
  /** Somebody is changing it. */
  readonly isOpen: boolean;
  readonly readOnly: boolean;
  readonly onOpen: () => void;
  readonly onChange: (draft: string | null | undefined) => void;
}

/** A setting with its value; a field once somebody wants to change it. */
export function SettingRow({ setting, draft, problem, isOpen, readOnly, onOpen, onChange }: SettingRowProps) {
  const { name, help, counts } = setting;
  const isField = (isOpen || draft !== undefined) && counts !== 'file';
  return (
    <div className={styles.setting}>
      <dt>
        <code>{name}</code>
        <p>{help}</p>
      </dt>
      <dd>
        {isField ? (
          <SettingField setting={setting} draft={draft} problem={problem} readOnly={readOnly} onChange={onChange} />
        ) : (
          <div className={styles.shown}>
            <Shown setting={setting} />
            {!readOnly && counts !== 'file' && (
              <IconButton small icon="pencil" label={`Change ${name}`} onClick={onOpen} />
            )}
          </div>
        )}
      </dd>
    </div>
  );
}

function Shown({ setting }: { readonly setting: RoomSetting }) {
  const { secret, isSet, text, counts, waits } = setting;
  return (
    <div className={styles.value}>
      {secret ? (
        <Badge kind={isSet ? 'good' : 'plain'}>{isSet ? 'set' : 'not set'}</Badge>
      ) : (
        <code>{text === '' ? '–' : text}</code>
      )}
      <small>
        {originOf(setting)}
        {counts === 'restart' && ' · counts from the next start on'}
        {counts === 'file' && ' · changed in .env'}
      </small>
      {waits && <Badge kind="wait">waits for a restart</Badge>}
    </div>
  );
}
