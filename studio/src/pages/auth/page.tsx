import { lazy, Suspense } from 'react';
import { useLocation } from 'wouter';
import { PageLayout } from '../../design/layout.tsx';
import { Skeleton } from '../../design/states.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { Users } from './users/users.tsx';

const Policies = lazy(async () => ({ default: (await import('./policies/policies.tsx')).Policies }));
const Settings = lazy(async () => ({ default: (await import('./settings/settings.tsx')).Settings }));
const History = lazy(async () => ({ default: (await import('../../settings/history.tsx')).History }));
const Templates = lazy(async () => ({ default: (await import('./templates/templates.tsx')).Templates }));

const views = ['users', 'policies', 'settings', 'templates', 'history'] as const;

/** Users of the project and how they sign in: `/auth/users/<id>`, `/auth/policies`, `/auth/settings/<group>`, `/auth/templates/<kind>`, `/auth/history`. */
export function Page() {
  const [path, go] = useLocation();
  const view = views.find((each) => path.split('/')[2] === each) ?? 'users';
  return (
    <PageLayout title="Auth" about="The users of your application, and how they sign in.">
      <Suspense fallback={<Skeleton lines={8} />}>
        <Tabs
          label="Auth"
          value={view}
          onChange={(key) => go(`/auth/${key}`)}
          tabs={[
            { key: 'users', label: 'Users', content: () => <Users /> },
            { key: 'policies', label: 'Policies', content: () => <Policies /> },
            { key: 'settings', label: 'Sign-in settings', content: () => <Settings /> },
            { key: 'templates', label: 'Mail templates', content: () => <Templates /> },
            { key: 'history', label: 'History', content: () => <History room="auth" /> },
          ]}
        />
      </Suspense>
    </PageLayout>
  );
}
