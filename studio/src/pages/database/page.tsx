import { useLocation } from 'wouter';
import { PageLayout } from '../../design/layout.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { catalogueLists } from '../../sql/catalogue.ts';
import { Listing } from './listing.tsx';

/** What the database is made of: `/database/<list>?q=<text>&all=1`. */
export function Page() {
  const [path, go] = useLocation();
  const list = catalogueLists.find(({ key }) => key === path.split('/')[2]) ?? catalogueLists[0];
  return (
    <PageLayout title="Database" about="What it is made of, beside its rows.">
      <Tabs
        label="Database"
        value={list?.key ?? ''}
        onChange={(key) => go(`/database/${key}`)}
        tabs={catalogueLists.map((each) => ({
          key: each.key,
          label: each.label,
          content: () => <Listing key={each.key} list={each} />,
        }))}
      />
    </PageLayout>
  );
}
