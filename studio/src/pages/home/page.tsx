import { Link } from 'wouter';
import { type ServiceHealth, useProject, useServices } from '../../data/project.ts';
import { useSession } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { buttonClass } from '../../design/button.tsx';
import { classes } from '../../design/classes.ts';
import { CopyValue } from '../../design/code-block.tsx';
import { Icon } from '../../design/icon.tsx';
import { Card, KeyValue, PageLayout } from '../../design/layout.tsx';
import { ErrorBox, Skeleton } from '../../design/states.tsx';
import { stepsOf, useProgress } from './checklist.ts';
import styles from './page.module.css';

/** What state the project is in, and what to do next. */
export function Page() {
  const session = useSession();
  return (
    <PageLayout
      title={session.project}
      about={session.organization}
      actions={
        <Link href="/connect" className={buttonClass('primary')}>
          <Icon name="plug" />
          Connect
        </Link>
      }
    >
      <div className={styles.columns}>
        <div className={styles.column}>
          <Checklist />
          <Addresses />
        </div>
        <Services />
      </div>
    </PageLayout>
  );
}

function Checklist() {
  const { secondFactor } = useSession();
  const progress = useProgress();
  const steps = progress.data && stepsOf(progress.data, secondFactor);
  const open = steps?.filter(({ done }) => !done).length ?? 0;
  return (
    <Card
      title="Getting started"
      flush
      actions={steps && <Badge kind={open === 0 ? 'good' : 'plain'}>{open === 0 ? 'All done' : `${open} to do`}</Badge>}
    >
      {progress.error ? (
        <div style={{ padding: 'var(--s4)' }}>
          <ErrorBox error={progress.error} retry={() => void progress.refetch()} />
        </div>
      ) : !steps ? (
        <div style={{ padding: 'var(--s4)' }}>
          <Skeleton lines={4} />
        </div>
      ) : (
        <ol className={styles.steps}>
          {steps.map(({ title, about, done, href }) => (
            <li key={title} className={classes(styles.step, done && styles.done)}>
              <span>
                <Icon name="check" size={14} />
              </span>
              <div>
                <b>{title}</b>
                {done && <span className="visually-hidden"> (done)</span>}
                <p>{about}</p>
              </div>
              {!done && (
                <Link href={href} className={buttonClass('secondary', true)} aria-label={`Open: ${title}`}>
                  Open
                </Link>
              )}
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}

function Addresses() {
  const project = useProject();
  if (!project.data) return null;
  const { url, anonKey, publishableKey } = project.data;
  const key = publishableKey ?? anonKey;
  return (
    <Card title="Address of the project" about="For the browser and the app: both are public.">
      <KeyValue
        pairs={[
          ['URL', <CopyValue key="url" value={url} label="URL" />],
          ...(key
            ? [['Public key', <CopyValue key="key" value={key} shown={shorten(key)} label="public key" />] as const]
            : []),
        ]}
      />
    </Card>
  );
}

const shorten = (key: string): string => (key.length > 48 ? `${key.slice(0, 20)}…${key.slice(-8)}` : key);

const kinds = { healthy: 'good', starting: 'wait', unhealthy: 'bad', stopped: 'bad' } as const;

function Services() {
  const services = useServices();
  const entries = Object.entries(services.data ?? {});
  const failing = entries.filter(([, { status }]) => status !== 'healthy').length;
  return (
    <Card
      title="Services"
      flush
      actions={
        services.data && (
          <Badge kind={failing === 0 ? 'good' : 'bad'} dot>
            {failing === 0 ? 'All healthy' : `${failing} not healthy`}
          </Badge>
        )
      }
    >
      {services.error && !services.data ? (
        <div style={{ padding: 'var(--s4)' }}>
          <ErrorBox error={services.error} retry={() => void services.refetch()} />
        </div>
      ) : (
        <ul className={styles.services}>
          {entries.map(([name, service]) => (
            <Service key={name} name={name} service={service} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function Service({ name, service }: { readonly name: string; readonly service: ServiceHealth }) {
  const reason = service.detail?.reason;
  return (
    <li>
      <span>{name}</span>
      <Badge kind={kinds[service.status]} dot>
        {service.status}
      </Badge>
      {typeof reason === 'string' && <small>{reason}</small>}
    </li>
  );
}
