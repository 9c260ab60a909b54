import { lazy, Suspense } from 'react';
import { useLocation } from 'wouter';
import { PageLayout } from '../../design/layout.tsx';
import { Skeleton } from '../../design/states.tsx';
import { type Tab, Tabs } from '../../design/tabs.tsx';
import { catalogueLists } from '../../sql/catalogue.ts';
import { Listing } from './listing.tsx';
import { Privileges } from './privileges.tsx';

const SchemaMap = lazy(async () => ({ default: (await import('./map/map.tsx')).SchemaMap }));

const lists = catalogueLists.map<Tab<string>>((list) => ({
  key: list.key,
  label: list.label,
  content: () => <Listing key={list.key} list={list} />,
}));
const map: Tab<string> = {
  key: 'schemas',
  label: 'Map',
  content: () => (
    <Suspense fallback={<Skeleton lines={8} />}>
      <SchemaMap />
    </Suspense>
  ),
};
const privileges: Tab<string> = { key: 'privileges', label: 'Privileges', content: () => <Privileges /> };
const tabs: readonly Tab<string>[] = [...lists.slice(0, 1), map, ...lists.slice(1, -1), privileges, ...lists.slice(-1)];

/** What the database is made of: `/database/<list>?q=<text>&all=1`, its map at `/database/schemas`, rights to columns at `/database/privileges`. */
export function Page() {
  const [path, go] = useLocation();
  const tab = tabs.find(({ key }) => key === path.split('/')[2]) ?? tabs[0];
  return (
    <PageLayout title="Database" about="What it is made of, beside its rows." wide={tab === map}>
      <Tabs label="Database" value={tab?.key ?? ''} onChange={(key) => go(`/database/${key}`)} tabs={tabs} />
    </PageLayout>
  );
}
