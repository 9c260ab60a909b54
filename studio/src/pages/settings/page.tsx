import { useQuery } from '@tanstack/react-query';
import { Link, useLocation, useSearch } from 'wouter';
import { studio } from '../../data/client.ts';
import { Badge } from '../../design/badge.tsx';
import { buttonClass } from '../../design/button.tsx';
import { Input, Select } from '../../design/field.tsx';
import { Icon } from '../../design/icon.tsx';
import { Card, PageLayout } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { found, originOf, type RoomSetting, roomsOf } from './find.ts';
import styles from './page.module.css';

/** Settings of every room, with the value in force and where it comes from: `/settings?room=…&search=…&set=1`. */
export function Page() {
  const [, go] = useLocation();
  const address = new URLSearchParams(useSearch());
  const settings = useQuery({
    queryKey: ['settings'],
    queryFn: ({ signal }) => studio<RoomSetting[]>('/settings', { signal }),
  });
  const wanted = {
    room: address.get('room') ?? '',
    search: address.get('search') ?? '',
    set: address.get('set') === '1',
  };
  const put = (part: Partial<typeof wanted>) => {
    const next = { ...wanted, ...part };
    const parameters = new URLSearchParams();
    if (next.room !== '') parameters.set('room', next.room);
    if (next.search !== '') parameters.set('search', next.search);
    if (next.set) parameters.set('set', '1');
    const text = parameters.toString();
    go(`/settings${text === '' ? '' : `?${text}`}`, { replace: true });
  };
  return (
    <PageLayout
      title="Settings"
      about="What every service works with, and where that is set. Those of auth change here, at once; the others in .env, with the next start."
      actions={
        <>
          <Link href="/connect/keys" className={buttonClass('secondary')}>
            <Icon name="key" />
            API keys
          </Link>
          <Link href="/auth/settings" className={buttonClass('secondary')}>
            <Icon name="shield" />
            Sign-in settings
          </Link>
        </>
      }
    >
      {settings.error ? (
        <ErrorBox error={settings.error} retry={() => void settings.refetch()} />
      ) : !settings.data ? (
        <Skeleton lines={10} />
      ) : (
        <>
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
              {roomsOf(settings.data).map((room) => (
                <option key={room}>{room}</option>
              ))}
            </Select>
            <Select
              aria-label="Which settings"
              className={styles.service}
              value={wanted.set ? '1' : ''}
              onChange={(event) => put({ set: event.currentTarget.value === '1' })}
            >
              <option value="">All settings</option>
              <option value="1">Those somebody set</option>
            </Select>
          </div>
          <Rooms settings={found(settings.data, wanted)} />
        </>
      )}
    </PageLayout>
  );
}

function Rooms({ settings }: { readonly settings: readonly RoomSetting[] }) {
  if (settings.length === 0)
    return (
      <EmptyState icon="search" title="No setting fits">
        Names and sentences are searched; pmoves-supabase config lists them as well.
      </EmptyState>
    );
  return roomsOf(settings).map((room) => (
    <Card key={room} title={room} flush>
      <dl className={styles.list}>
        {settings
          .filter((setting) => setting.room === room)
          .map((setting) => (
            <div key={setting.name} className={styles.setting}>
              <dt>
                <code>{setting.name}</code>
                <p>{setting.help}</p>
              </dt>
              <dd>
                {setting.secret ? (
                  <Badge kind={setting.isSet ? 'good' : 'plain'}>{setting.isSet ? 'set' : 'not set'}</Badge>
                ) : (
                  <code>{setting.text === '' ? '–' : setting.text}</code>
                )}
                <small>{originOf(setting.origin)}</small>
              </dd>
            </div>
          ))}
      </dl>
    </Card>
  ));
}
