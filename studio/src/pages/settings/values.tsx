import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useMay } from '../../data/session.ts';
import { problemsOf, type RoomSetting, useSaveSettings, useSettings } from '../../data/settings.ts';
import { Input, Select } from '../../design/field.tsx';
import { Card } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Note, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { effectiveChanges, savingDoes } from '../../settings/fields.ts';
import { SaveBar } from '../../settings/save-bar.tsx';
import { countsOf, found, onlyKinds, roomsOf } from './find.ts';
import styles from './page.module.css';
import { SettingRow } from './setting-row.tsx';

/** Settings of every room, to search and to change. */
export function Values() {
  const settings = useSettings();
  if (settings.error) return <ErrorBox error={settings.error} retry={() => void settings.refetch()} />;
  if (!settings.data) return <Skeleton lines={10} />;
  return <Editor settings={settings.data.settings} />;
}

function Editor({ settings }: { readonly settings: readonly RoomSetting[] }) {
  const may = useMay('owner');
  const toasts = useToasts();
  const { wanted, put } = useWanted();
  const [drafts, setDrafts] = useState<ReadonlyMap<string, string | null>>(new Map());
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const settle = () => {
    setDrafts(new Map());
    setOpen(new Set());
  };
  const save = useSaveSettings((changed) => {
    settle();
    toasts.done(changed.length === 0 ? 'Nothing was different' : `Saved: ${changed.join(', ')}`);
  });
  const changes = effectiveChanges(drafts, settings);
  const problems = problemsOf(save.error);
  const waiting = settings.filter(({ waits }) => waits).length;
  const change = (name: string, draft: string | null | undefined) =>
    setDrafts((all) => {
      const next = new Map(all);
      if (draft === undefined) next.delete(name);
      else next.set(name, draft);
      return next;
    });
  const shown = found(settings, wanted);
  return (
    <div className={styles.values}>
      <div className={styles.bar}>
        <div className={styles.grow}>
          <Input
            type="search"
            aria-label="Search settings"
            placeholder="Name or meaning…"
            value={wanted.search}
            onChange={(event) => put({ search: event.currentTarget.value })}
          />
        </div>
        <Select
          aria-label="Service"
          className={styles.service}
          value={wanted.room}
          onChange={(event) => put({ room: event.currentTarget.value })}
        >
          <option value="">All services</option>
          {roomsOf(settings).map((room) => (
            <option key={room}>{room}</option>
          ))}
        </Select>
        <Select
          aria-label="Which settings"
          className={styles.service}
          value={wanted.only}
          onChange={(event) => put({ only: event.currentTarget.value as (typeof onlyKinds)[number] })}
        >
          <option value="all">All settings</option>
          <option value="set">Those somebody set</option>
          <option value="here">Those changed here</option>
          <option value="waiting">Those that wait for a restart</option>
        </Select>
      </div>
      {!may && <Note>Owners change these settings.</Note>}
      {waiting > 0 && wanted.only !== 'waiting' && (
        <Note kind="warn">
          {waiting === 1 ? 'A setting waits' : `${waiting} settings wait`} for the next start of the program.
        </Note>
      )}
      {shown.length === 0 && (
        <EmptyState icon="search" title="No setting fits">
          Names and sentences are searched; pmoves-supabase config lists them as well.
        </EmptyState>
      )}
      {roomsOf(shown).map((room) => (
        <Card key={room} title={room} about={countsOf(settings.filter((each) => each.room === room))} flush>
          <dl className={styles.list}>
            {shown
              .filter((setting) => setting.room === room)
              .map((setting) => (
                <SettingRow
                  key={setting.name}
                  setting={setting}
                  draft={drafts.get(setting.name)}
                  problem={problems.get(setting.name)}
                  isOpen={open.has(`${room} ${setting.name}`)}
                  readOnly={!may || save.isPending}
                  onOpen={() => setOpen((all) => new Set(all).add(`${room} ${setting.name}`))}
                  onChange={(draft) => change(setting.name, draft)}
                />
              ))}
          </dl>
        </Card>
      ))}
      <SaveBar
        count={changes.size}
        busy={save.isPending}
        error={save.error}
        about={savingDoes(new Set(changes.keys()), settings)}
        onSave={() => save.mutate(changes)}
        onDiscard={() => {
          settle();
          save.reset();
        }}
      />
    </div>
  );
}

/** What is looked for stands in the address. */
function useWanted() {
  const [, go] = useLocation();
  const address = new URLSearchParams(useSearch());
  const wanted = {
    room: address.get('room') ?? '',
    search: address.get('search') ?? '',
    only: onlyKinds.find((each) => each === address.get('only')) ?? 'all',
  };
  const put = (part: Partial<typeof wanted>) => {
    const next = { ...wanted, ...part };
    const parameters = new URLSearchParams();
    if (next.room !== '') parameters.set('room', next.room);
    if (next.search !== '') parameters.set('search', next.search);
    if (next.only !== 'all') parameters.set('only', next.only);
    const text = parameters.toString();
    go(`/settings${text === '' ? '' : `?${text}`}`, { replace: true });
  };
  return { wanted, put };
}
