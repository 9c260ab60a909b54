import { useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { Button } from '../../design/button.tsx';
import { PageLayout } from '../../design/layout.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { useFindings } from './data.ts';
import { Findings } from './findings.tsx';
import { countLevels } from './group.ts';
import { Slots } from './slots.tsx';
import { Statements } from './statements.tsx';

const views = ['security', 'performance', 'statements', 'replication'] as const;

/** What is wrong with the database or takes its time: `/advisors/<view>`. */
export function Page() {
  const [path, go] = useLocation();
  const client = useQueryClient();
  const view = views.find((each) => path.split('/')[2] === each) ?? 'security';
  const { data } = useFindings();
  return (
    <PageLayout
      title="Advisors"
      about={data === undefined ? 'Looking over the database…' : countLevels(data) || 'Nothing to mend'}
      actions={
        <Button icon="refresh" onClick={() => void client.invalidateQueries()}>
          Look again
        </Button>
      }
    >
      <Tabs
        label="Advisors"
        value={view}
        onChange={(key) => go(`/advisors/${key}`)}
        tabs={[
          { key: 'security', label: 'Security', content: () => <Findings category="SECURITY" /> },
          { key: 'performance', label: 'Performance', content: () => <Findings category="PERFORMANCE" /> },
          { key: 'statements', label: 'Statements', content: () => <Statements /> },
          { key: 'replication', label: 'Replication', content: () => <Slots /> },
        ]}
      />
    </PageLayout>
  );
}
