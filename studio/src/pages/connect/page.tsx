import { useState } from 'react';
import { useLocation } from 'wouter';
import { type Project, reveal, type SecretName, useProject } from '../../data/project.ts';
import { useMay } from '../../data/session.ts';
import { Button, IconButton } from '../../design/button.tsx';
import { CodeBlock, CopyValue } from '../../design/code-block.tsx';
import { Card, KeyValue, PageLayout } from '../../design/layout.tsx';
import { ErrorBox, Note, Skeleton } from '../../design/states.tsx';
import { Tabs } from '../../design/tabs.tsx';
import { useToasts } from '../../design/toast.tsx';
import styles from './page.module.css';
import { snippetsFor } from './snippets.ts';
import { connectionString, type Format, formats, waysOf } from './strings.ts';

const views = ['app', 'database', 'keys'] as const;

/** Everything one needs to reach the project from outside: `/connect/app`, `/connect/database`, `/connect/keys`. */
export function Page() {
  const project = useProject();
  const [path, go] = useLocation();
  const view = views.find((each) => path === `/connect/${each}`) ?? 'app';
  const { data } = project;
  return (
    <PageLayout title="Connect" about="Addresses, keys and code to reach this project with.">
      {project.error ? (
        <ErrorBox error={project.error} retry={() => void project.refetch()} />
      ) : !data ? (
        <Skeleton />
      ) : (
        <Tabs
          label="Ways to connect"
          value={view}
          onChange={(key) => go(`/connect/${key}`)}
          tabs={[
            { key: 'app', label: 'Application', content: () => <Application project={data} /> },
            { key: 'database', label: 'Database', content: () => <Database project={data} /> },
            { key: 'keys', label: 'API keys', content: () => <Keys project={data} /> },
          ]}
        />
      )}
    </PageLayout>
  );
}

function Picks<T extends string>({
  label,
  options,
  value,
  onChange,
}: {
  readonly label: string;
  readonly options: readonly { readonly key: T; readonly name: string }[];
  readonly value: T;
  readonly onChange: (key: T) => void;
}) {
  return (
    <fieldset className={styles.picks} style={{ border: 0, margin: 0, padding: 0 }}>
      <legend className="visually-hidden">{label}</legend>
      {options.map(({ key, name }) => (
        <Button key={key} aria-pressed={key === value} onClick={() => onChange(key)}>
          {name}
        </Button>
      ))}
    </fieldset>
  );
}

function Application({ project }: { readonly project: Project }) {
  const snippets = snippetsFor(project.url, project.publishableKey ?? project.anonKey ?? '');
  const [key, setKey] = useState('javascript');
  const snippet = snippets.find((each) => each.key === key) ?? snippets[0];
  return (
    <div className={styles.steps}>
      <Picks label="Framework" options={snippets} value={key} onChange={setKey} />
      {snippet?.steps.map(({ title, code }) => (
        <div key={title}>
          <h3>{title}</h3>
          <CodeBlock code={code} label={title} />
        </div>
      ))}
    </div>
  );
}

function Database({ project }: { readonly project: Project }) {
  const [format, setFormat] = useState<Format>('URI');
  const [password, setPassword] = useState<string>();
  const may = useMay('developer');
  const toasts = useToasts();
  return (
    <div className={styles.ways}>
      <div className={styles.row} style={{ justifyContent: 'space-between' }}>
        <Picks
          label="Format"
          options={formats.map((key) => ({ key, name: key }))}
          value={format}
          onChange={setFormat}
        />
        {may && (
          <Button
            icon={password === undefined ? 'eye' : 'eye-off'}
            onClick={() =>
              password === undefined
                ? reveal('database_password').then(setPassword, toasts.failed)
                : setPassword(undefined)
            }
          >
            {password === undefined ? 'Put the password in' : 'Hide the password'}
          </Button>
        )}
      </div>
      {waysOf(project).map(({ key, title, about, port }) => (
        <Card key={key} title={`${title} · port ${port}`} about={about}>
          <CodeBlock code={connectionString(format, project.database, port, password)} label={`${title} connection`} />
        </Card>
      ))}
    </div>
  );
}

function Keys({ project }: { readonly project: Project }) {
  const may = useMay('developer');
  return (
    <div className={styles.ways}>
      <Card title="Public keys" about="For browsers and apps. What they reach is decided by row level security.">
        <KeyValue
          pairs={[
            ...(project.publishableKey
              ? [
                  [
                    'Publishable key',
                    <CopyValue key="p" value={project.publishableKey} label="publishable key" />,
                  ] as const,
                ]
              : []),
            ...(project.anonKey
              ? [['anon key (JWT)', <CopyValue key="a" value={project.anonKey} label="anon key" />] as const]
              : []),
          ]}
        />
      </Card>
      <Card
        title="Secret keys"
        about="For servers alone: they pass by row level security. Who has one shown here is noted in the audit log."
      >
        {may ? (
          <KeyValue
            pairs={[
              ['Secret key', <Secret key="s" name="secret_key" />],
              ['service_role key (JWT)', <Secret key="r" name="service_role_key" />],
              ['JWT secret', <Secret key="j" name="jwt_secret" />],
            ]}
          />
        ) : (
          <Note>Your role does not show secrets.</Note>
        )}
      </Card>
    </div>
  );
}

function Secret({ name }: { readonly name: SecretName }) {
  const [value, setValue] = useState<string>();
  const toasts = useToasts();
  if (value !== undefined)
    return (
      <CopyValue value={value} label={name}>
        <IconButton small icon="eye-off" label={`Hide ${name}`} onClick={() => setValue(undefined)} />
      </CopyValue>
    );
  return (
    <Button small icon="eye" aria-label={`Show ${name}`} onClick={() => reveal(name).then(setValue, toasts.failed)}>
      Show
    </Button>
  );
}
