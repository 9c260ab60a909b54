import { useLocation } from 'wouter';
import { PageLayout } from '../../design/layout.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { Cron } from './cron.tsx';
import { Queues } from './queues.tsx';
import { Vault } from './vault.tsx';
import { Webhooks } from './webhooks.tsx';

const views = ['cron', 'queues', 'webhooks', 'vault'] as const;

/** What the database does by itself: `/integrations/<view>`. */
export function Page() {
  const [path, go] = useLocation();
  const view = views.find((each) => path.split('/')[2] === each) ?? 'cron';
  return (
    <PageLayout title="Integrations" about="What the database does by itself, and whom it tells.">
      <Tabs
        label="Integrations"
        value={view}
        onChange={(key) => go(`/integrations/${key}`)}
        tabs={[
          { key: 'cron', label: 'Cron', content: () => <Cron /> },
          { key: 'queues', label: 'Queues', content: () => <Queues /> },
          { key: 'webhooks', label: 'Webhooks', content: () => <Webhooks /> },
          { key: 'vault', label: 'Vault', content: () => <Vault /> },
        ]}
      />
    </PageLayout>
  );
}
