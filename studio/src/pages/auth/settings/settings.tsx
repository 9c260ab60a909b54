import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useProject } from '../../../data/project.ts';
import { useMay } from '../../../data/session.ts';
import {
  problemsOf,
  type RoomSetting,
  type SettingGroup,
  useAuthSettings,
  useSaveSettings,
} from '../../../data/settings.ts';
import { Badge } from '../../../design/badge.tsx';
import { CopyValue } from '../../../design/code-block.tsx';
import { Card } from '../../../design/layout.tsx';
import { ErrorBox, Note, Skeleton } from '../../../design/states.tsx';
import { useToasts } from '../../../design/toast.tsx';
import { effectiveChanges } from '../../../settings/fields.ts';
import { SaveBar } from '../../../settings/save-bar.tsx';
import { SettingField } from '../../../settings/setting-field.tsx';
import styles from './settings.module.css';

/** Groups that have a view of their own. */
const elsewhere = ['templates'];

/** Settings of auth, which count at once: `/auth/settings/<group>`. */
export function Settings() {
  const settings = useAuthSettings();
  if (settings.error) return <ErrorBox error={settings.error} retry={() => void settings.refetch()} />;
  if (!settings.data) return <Skeleton lines={8} />;
  return <Groups data={settings.data} />;
}

function Groups({
  data,
}: {
  readonly data: { readonly groups: readonly SettingGroup[]; readonly settings: readonly RoomSetting[] };
}) {
  const [path] = useLocation();
  const may = useMay('owner');
  const toasts = useToasts();
  const [drafts, setDrafts] = useState<ReadonlyMap<string, string | null>>(new Map());
  const save = useSaveSettings((changed) => {
    setDrafts(new Map());
    toasts.done(`Auth works with ${changed.length === 1 ? changed[0] : `${changed.length} changed settings`}`);
  });
  const groups = data.groups.filter(({ key }) => !elsewhere.includes(key));
  const group = groups.find(({ key }) => key === path.split('/')[3]) ?? groups[0];
  const changes = effectiveChanges(drafts, data.settings);
  const problems = problemsOf(save.error);
  const change = (name: string, draft: string | null | undefined) =>
    setDrafts((all) => {
      const next = new Map(all);
      if (draft === undefined) next.delete(name);
      else next.set(name, draft);
      return next;
    });
  return (
    <div className={styles.columns}>
      <nav className={styles.groups} aria-label="Settings of auth">
        {groups.map(({ key, title }) => (
          <Link key={key} href={`/auth/settings/${key}`} aria-current={key === group?.key ? 'page' : undefined}>
            {title}
          </Link>
        ))}
      </nav>
      <div className={styles.content}>
        {!may && <Note>Owners change these settings.</Note>}
        {group && (
          <>
            <p className={styles.lead}>{group.about} Changes count at once, without a restart.</p>
            {group.key === 'providers' && <CallbackNote />}
            <Sections
              key={group.key}
              group={group}
              settings={data.settings}
              drafts={drafts}
              problems={problems}
              readOnly={!may || save.isPending}
              onChange={change}
            />
          </>
        )}
        <SaveBar
          count={changes.size}
          busy={save.isPending}
          error={save.error}
          onSave={() => save.mutate(changes)}
          onDiscard={() => {
            setDrafts(new Map());
            save.reset();
          }}
        />
      </div>
    </div>
  );
}

function CallbackNote() {
  const project = useProject();
  if (!project.data) return null;
  return (
    <Card title="Callback" about="Providers ask for this address: that is where they send people back to.">
      <CopyValue value={`${project.data.url}/auth/v1/callback`} label="callback" />
    </Card>
  );
}

function Sections({
  group,
  settings,
  drafts,
  problems,
  readOnly,
  onChange,
}: {
  readonly group: SettingGroup;
  readonly settings: readonly RoomSetting[];
  readonly drafts: ReadonlyMap<string, string | null>;
  readonly problems: ReadonlyMap<string, string>;
  readonly readOnly: boolean;
  readonly onChange: (name: string, draft: string | null | undefined) => void;
}) {
  const byName = new Map(settings.map((setting) => [setting.name, setting]));
  const fields = (names: readonly string[]) =>
    names.flatMap((name) => {
      const setting = byName.get(name);
      return setting
        ? [
            <SettingField
              key={name}
              setting={setting}
              draft={drafts.get(name)}
              problem={problems.get(name)}
              readOnly={readOnly}
              onChange={(draft) => onChange(name, draft)}
            />,
          ]
        : [];
    });
  // Where each part begins with a switch, what is off is folded up.
  const folds = group.sections.length > 6;
  return group.sections.map(({ title, names }) => {
    const first = byName.get(names[0] ?? '');
    const on = first?.type === 'true or false' ? (drafts.get(first.name) ?? first.text) === 'true' : undefined;
    return folds ? (
      <details key={title} className={styles.section}>
        <summary>
          <span>{title}</span>
          {on !== undefined && <Badge kind={on ? 'good' : 'plain'}>{on ? 'on' : 'off'}</Badge>}
        </summary>
        <div className={styles.body}>{fields(names)}</div>
      </details>
    ) : (
      <Card key={title} title={title}>
        {fields(names)}
      </Card>
    );
  });
}
