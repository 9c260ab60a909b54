import { useLocation } from 'wouter';
import { PageLayout } from '../../design/layout.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { Users } from './users/users.tsx';

const views = ['users'] as const;

/** Users of the project and how they sign in: `/auth/users/<id>`. */
export function Page() {
  const [path, go] = useLocation();
  const view = views.find((each) => path.startsWith(`/auth/${each}`)) ?? 'users';
  return (
    <PageLayout title="Auth" about="The users of your application, and how they sign in.">
      <Tabs
        label="Auth"
        value={view}
        onChange={(key) => go(`/auth/${key}`)}
        tabs={[{ key: 'users', label: 'Users', content: () => <Users /> }]}
      />
    </PageLayout>
  );
}
