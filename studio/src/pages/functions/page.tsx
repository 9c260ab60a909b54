import { lazy, Suspense, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useProject } from '../../data/project.ts';
import { useMay } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { CodeBlock, CopyValue } from '../../design/code-block.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { PageLayout } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { AddFunction } from './add-function.tsx';
import { useFunctions } from './data.ts';
import { Secrets } from './secrets.tsx';

const OneFunction = lazy(async () => ({ default: (await import('./one-function.tsx')).OneFunction }));

/** Functions of the project: `/functions`, `/functions/-/secrets`, `/functions/<name>/<view>`. */
export function Page() {
  const [path, go] = useLocation();
  const may = useMay('developer');
  const [adding, setAdding] = useState(false);
  const project = useProject();
  const [slug, view] = path.split('/').slice(2);
  if (slug !== undefined && slug !== '-')
    return (
      <PageLayout
        title={decodeURIComponent(slug)}
        about={
          <>
            <Link href="/functions">Functions</Link>
            {project.data && (
              <CopyValue value={`${project.data.url}/functions/v1/${slug}`} label="address of the function" />
            )}
          </>
        }
      >
        <Suspense fallback={<Skeleton lines={8} />}>
          <OneFunction key={slug} slug={decodeURIComponent(slug)} view={view} />
        </Suspense>
      </PageLayout>
    );
  return (
    <PageLayout
      title="Functions"
      about="Code of yours that runs beside the database, in Deno."
      actions={
        may && (
          <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
            New function
          </Button>
        )
      }
    >
      <Tabs
        label="Functions"
        value={view === 'secrets' ? 'secrets' : 'list'}
        onChange={(key) => go(key === 'secrets' ? '/functions/-/secrets' : '/functions')}
        tabs={[
          { key: 'list', label: 'Functions', content: () => <List /> },
          { key: 'secrets', label: 'Secrets', content: () => <Secrets /> },
        ]}
      />
      {adding && (
        <AddFunction
          onClose={() => setAdding(false)}
          onAdded={(name) => {
            setAdding(false);
            go(`/functions/${name}`);
          }}
        />
      )}
    </PageLayout>
  );
}

function List() {
  const functions = useFunctions();
  if (functions.error) return <ErrorBox error={functions.error} retry={() => void functions.refetch()} />;
  if (!functions.data) return <Skeleton lines={4} />;
  if (functions.data.length === 0)
    return (
      <>
        <EmptyState icon="zap" title="There are no functions yet">
          Make one here from a template, or put a file there:
        </EmptyState>
        <CodeBlock
          label="volumes/functions/hello/index.ts"
          code={`// volumes/functions/hello/index.ts\nDeno.serve(() => new Response('Hello'));`}
        />
      </>
    );
  return (
    <DataTable
      label="Functions"
      rows={functions.data}
      keyOf={({ slug }) => slug}
      columns={[
        { title: 'Name', render: ({ slug }) => <Link href={`/functions/${slug}`}>{slug}</Link> },
        {
          title: 'State',
          render: ({ status }) => <Badge kind={status === 'ACTIVE' ? 'good' : 'wait'}>{status.toLowerCase()}</Badge>,
        },
        { title: 'Asks for a token', render: ({ verify_jwt: asks }) => (asks ? 'yes' : 'no') },
        { title: 'Version', render: ({ version }) => version },
        { title: 'Changed', render: ({ updated_at: at }) => new Date(at).toLocaleString() },
      ]}
    />
  );
}
