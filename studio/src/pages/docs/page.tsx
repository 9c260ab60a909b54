import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { room } from '../../data/client.ts';
import { useProject } from '../../data/project.ts';
import { CodeBlock } from '../../design/code-block.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Input } from '../../design/field.tsx';
import { Icon } from '../../design/icon.tsx';
import { Card, PageLayout } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Note, Skeleton } from '../../design/states.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { type Endpoint, endpointsOf, type OpenApi, snippetsFor } from './openapi.ts';
import styles from './page.module.css';

/** What clients can ask the API for, from the schema as it is now: `/docs/table/<name>`, `/docs/function/<name>`. */
export function Page() {
  const api = useQuery({
    queryKey: ['api-description'],
    queryFn: async ({ signal }) => endpointsOf(await room<OpenApi>('rest', '/', { signal })),
  });
  const [path] = useLocation();
  const [search, setSearch] = useState('');
  const [kind, name] = path.split('/').slice(2).map(decodeURIComponent);
  const chosen = api.data?.find((each) => each.kind === kind && each.name === name) ?? api.data?.[0];
  const shown = api.data?.filter((each) => each.name.toLowerCase().includes(search.toLowerCase()));
  return (
    <PageLayout title="API docs" about="Every table, view and function that clients can reach, with code to use it.">
      {api.error ? (
        <ErrorBox error={api.error} retry={() => void api.refetch()} />
      ) : !shown ? (
        <Skeleton lines={8} />
      ) : !chosen ? (
        <EmptyState icon="book" title="There is nothing to describe yet">
          Make a table in schema public, and this page tells how to use it.
        </EmptyState>
      ) : (
        <div className={styles.columns}>
          <nav className={styles.list} aria-label="Tables and functions">
            <Input
              type="search"
              aria-label="Search tables and functions"
              placeholder="Search…"
              value={search}
              onChange={(event) => setSearch(event.currentTarget.value)}
            />
            {shown.map((each) => (
              <Link
                key={`${each.kind} ${each.name}`}
                href={`/docs/${each.kind}/${encodeURIComponent(each.name)}`}
                aria-current={each === chosen ? 'page' : undefined}
              >
                <Icon name={each.kind === 'table' ? 'table' : 'zap'} />
                <span>{each.name}</span>
              </Link>
            ))}
          </nav>
          <Description key={`${chosen.kind} ${chosen.name}`} endpoint={chosen} />
        </div>
      )}
    </PageLayout>
  );
}

function Description({ endpoint }: { readonly endpoint: Endpoint }) {
  const project = useProject();
  const [language, setLanguage] = useState<'javascript' | 'curl'>('javascript');
  const { url = '', publishableKey, anonKey } = project.data ?? {};
  const snippets = snippetsFor(endpoint, url, publishableKey ?? anonKey ?? '');
  return (
    <div className={styles.content}>
      <Card title={endpoint.name} {...(endpoint.about !== '' && { about: endpoint.about })}>
        {endpoint.fields.length === 0 ? (
          <Note>It takes nothing.</Note>
        ) : (
          <DataTable
            label={endpoint.kind === 'table' ? 'Columns' : 'Arguments'}
            rows={endpoint.fields}
            keyOf={({ name }) => name}
            columns={[
              { title: endpoint.kind === 'table' ? 'Column' : 'Argument', render: ({ name }) => <code>{name}</code> },
              { title: 'Type', render: ({ type }) => type },
              { title: 'Needed', render: ({ required }) => (required ? 'yes' : '') },
              { title: 'About', render: ({ about }) => about },
            ]}
          />
        )}
      </Card>
      <Tabs
        label="Language"
        value={language}
        onChange={setLanguage}
        tabs={(['javascript', 'curl'] as const).map((key) => ({
          key,
          label: key === 'javascript' ? 'JavaScript' : 'curl',
          content: () => (
            <div className={styles.content}>
              {snippets.map((snippet) => (
                <div key={snippet.title}>
                  <h3>{snippet.title}</h3>
                  <CodeBlock code={snippet[key]} label={snippet.title} />
                </div>
              ))}
            </div>
          ),
        }))}
      />
    </div>
  );
}
