import { useState } from 'react';
import { useMay } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Sheet } from '../../design/dialog.tsx';
import { TextArea, TextField } from '../../design/field.tsx';
import { Card } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useChange, useRows } from './data.ts';
import { SqlForm } from './form.tsx';
import styles from './integrations.module.css';
import { ConfirmChange, WithExtension } from './parts.tsx';
import { cron } from './sql.ts';

interface Job {
  readonly id: string;
  readonly name: string | null;
  readonly schedule: string;
  readonly command: string;
  readonly role: string;
  readonly active: boolean;
  readonly lastStatus: string | null;
  readonly lastMessage: string | null;
  readonly lastAt: string | null;
}

/** Jobs that run at their times. */
export function Cron() {
  return (
    <WithExtension name="pg_cron" icon="history" about="Runs SQL at its times, from every second to once a year.">
      <Jobs />
    </WithExtension>
  );
}

function Jobs() {
  const jobs = useRows<Job>(cron.list, true, 5_000);
  const may = useMay('developer');
  const change = useChange();
  const [adding, setAdding] = useState(false);
  const [open, setOpen] = useState<Job>();
  const [removing, setRemoving] = useState<Job>();
  if (jobs.error) return <ErrorBox error={jobs.error} retry={() => void jobs.refetch()} />;
  if (!jobs.data) return <Skeleton lines={5} />;
  const add = may && (
    <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
      Add a job
    </Button>
  );
  return (
    <>
      {jobs.data.length === 0 ? (
        <EmptyState icon="history" title="No jobs yet" actions={add}>
          A job is a statement and a schedule, as in <code>*/5 * * * *</code> or <code>30 seconds</code>.
        </EmptyState>
      ) : (
        <Card title="Jobs" actions={add} flush>
          <DataTable
            label="Jobs"
            rows={jobs.data}
            keyOf={({ id }) => id}
            columns={[
              { title: 'Job', render: ({ name, id }) => name ?? `job ${id}` },
              { title: 'Schedule', render: ({ schedule }) => <code>{schedule}</code> },
              { title: 'Runs', render: ({ command }) => <code className={styles.code}>{command}</code> },
              { title: 'Last run', render: (job) => <LastRun job={job} /> },
              {
                title: 'Actions',
                quiet: true,
                render: (job) => (
                  <div className={styles.actions}>
                    <Button small onClick={() => setOpen(job)}>
                      Runs
                    </Button>
                    {may && (
                      <Button small onClick={() => change.mutate(cron.setActive(job.id, !job.active))}>
                        {job.active ? 'Pause' : 'Go on'}
                      </Button>
                    )}
                    {may && (
                      <Button small onClick={() => setRemoving(job)}>
                        Remove
                      </Button>
                    )}
                  </div>
                ),
              },
            ]}
          />
        </Card>
      )}
      {change.error && <ErrorBox error={change.error} />}
      {adding && <AddJob onClose={() => setAdding(false)} />}
      {open && <Runs job={open} onClose={() => setOpen(undefined)} />}
      {removing && (
        <ConfirmChange
          title={`Remove ${removing.name ?? `job ${removing.id}`}?`}
          action="Remove"
          sql={cron.remove(removing.id)}
          onClose={() => setRemoving(undefined)}
        >
          <p>It runs no more. What it did is kept in its runs.</p>
        </ConfirmChange>
      )}
    </>
  );
}

function LastRun({ job: { active, lastStatus, lastAt, lastMessage } }: { readonly job: Job }) {
  if (!active) return <Badge>paused</Badge>;
  if (lastStatus === null) return <span className={styles.quiet}>not yet</span>;
  const kind = lastStatus === 'succeeded' ? 'good' : lastStatus === 'failed' ? 'bad' : 'wait';
  return (
    <span title={lastMessage ?? undefined}>
      <Badge kind={kind}>{lastStatus}</Badge>{' '}
      <span className={styles.quiet}>{lastAt === null ? '' : new Date(lastAt).toLocaleTimeString()}</span>
    </span>
  );
}

function AddJob({ onClose }: { readonly onClose: () => void }) {
  const [job, setJob] = useState({ name: '', schedule: '*/5 * * * *', command: '' });
  return (
    <SqlForm
      title="Add a job"
      action="Add"
      done="The job is scheduled"
      sql={() => cron.schedule(job)}
      onClose={onClose}
    >
      <TextField
        label="Name"
        hint="A job of this name is replaced."
        required
        value={job.name}
        onChange={(event) => setJob({ ...job, name: event.currentTarget.value })}
      />
      <TextField
        label="Schedule"
        hint="Minute, hour, day, month, weekday, in UTC; or “10 seconds”."
        required
        value={job.schedule}
        onChange={(event) => setJob({ ...job, schedule: event.currentTarget.value })}
      />
      <TextArea
        label="SQL"
        rows={5}
        required
        value={job.command}
        onChange={(event) => setJob({ ...job, command: event.currentTarget.value })}
      />
    </SqlForm>
  );
}

interface Run {
  readonly id: string;
  readonly status: string;
  readonly message: string | null;
  readonly startedAt: string | null;
  /** Milliseconds. */
  readonly took: number | null;
}

function Runs({ job, onClose }: { readonly job: Job; readonly onClose: () => void }) {
  const runs = useRows<Run>(cron.runs(job.id), true, 2_000);
  return (
    <Sheet title={`Runs of ${job.name ?? `job ${job.id}`}`} onClose={onClose}>
      {runs.error ? (
        <ErrorBox error={runs.error} />
      ) : !runs.data ? (
        <Skeleton />
      ) : runs.data.length === 0 ? (
        <p>It did not run yet.</p>
      ) : (
        <DataTable
          label="Runs"
          rows={runs.data}
          keyOf={({ id }) => id}
          columns={[
            {
              title: 'Began',
              render: ({ startedAt }) => (startedAt === null ? '–' : new Date(startedAt).toLocaleString()),
            },
            {
              title: 'State',
              render: ({ status }) => <Badge kind={status === 'succeeded' ? 'good' : 'bad'}>{status}</Badge>,
            },
            { title: 'Took', render: ({ took }) => (took === null ? '–' : `${took.toFixed(0)} ms`) },
            { title: 'Answer', render: ({ message }) => message ?? '' },
          ]}
        />
      )}
    </Sheet>
  );
}
