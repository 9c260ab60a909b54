import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../../data/session.ts';
import { runSql } from '../../data/sql.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { Confirm } from '../../design/dialog.tsx';
import { Card } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import styles from './advisors.module.css';
import { type Finding, findingsKey, useFindings } from './data.ts';
import { groupFindings } from './group.ts';

const kinds = { ERROR: 'bad', WARN: 'wait', INFO: 'info' } as const;
const words = { ERROR: 'error', WARN: 'warning', INFO: 'note' } as const;

/** What is wrong or could be better, by what it is, with why and how to mend it. */
export function Findings({ category }: { readonly category: Finding['categories'][number] }) {
  const findings = useFindings();
  if (findings.error) return <ErrorBox error={findings.error} retry={() => void findings.refetch()} />;
  if (!findings.data) return <Skeleton lines={8} />;
  const groups = groupFindings(findings.data, category);
  if (groups.length === 0)
    return (
      <EmptyState icon="check" title="Nothing to mend">
        The advisors looked over tables, policies, functions and indexes and found nothing.
      </EmptyState>
    );
  return (
    <div className={styles.groups}>
      {groups.map((group) => (
        <Card
          key={group.name}
          title={group.title}
          about={group.description}
          actions={<Badge kind={kinds[group.level]}>{words[group.level]}</Badge>}
          flush
        >
          <ul className={styles.findings}>
            {group.findings.map((finding) => (
              <One key={finding.cache_key} finding={finding} />
            ))}
          </ul>
        </Card>
      ))}
    </div>
  );
}

function One({ finding: { detail, fix } }: { readonly finding: Finding }) {
  const may = useMay('developer');
  const client = useQueryClient();
  const toasts = useToasts();
  const [asked, setAsked] = useState(false);
  const mend = useMutation({
    mutationFn: (sql: string) => runSql(sql),
    async onSuccess() {
      await client.invalidateQueries({ queryKey: findingsKey });
      toasts.done('Mended');
    },
  });
  return (
    <li>
      <span>{detail}</span>
      {fix !== null && may && (
        <Button small onClick={() => setAsked(true)}>
          Fix
        </Button>
      )}
      {asked && fix !== null && (
        <Confirm
          title="Run this?"
          action="Run"
          busy={mend.isPending}
          onClose={() => {
            setAsked(false);
            mend.reset();
          }}
          onConfirm={() => mend.mutate(fix)}
        >
          <CodeBlock code={fix} label="fix" />
          {mend.error && <ErrorBox error={mend.error} />}
        </Confirm>
      )}
    </li>
  );
}
