import { Link, useLocation } from 'wouter';
import { buttonClass } from '../../design/button.tsx';
import { Icon } from '../../design/icon.tsx';
import { PageLayout } from '../../design/layout.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { History } from '../../settings/history.tsx';
import { Values } from './values.tsx';

/** Settings of every room: `/settings?room=…&search=…&only=…`, and what was changed of them: `/settings/history`. */
export function Page() {
  const [path, go] = useLocation();
  return (
    <PageLayout
      title="Settings"
      about="What every service works with, where that is set, and when a change counts."
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
      <Tabs
        label="Settings"
        value={path.split('/')[2] === 'history' ? 'history' : 'values'}
        onChange={(key) => go(key === 'history' ? '/settings/history' : '/settings')}
        tabs={[
          { key: 'values', label: 'Values', content: () => <Values /> },
          { key: 'history', label: 'History', content: () => <History /> },
        ]}
      />
    </PageLayout>
  );
}
