import { useState } from 'react';
import { Link, useLocation, useSearch } from 'wouter';
import { useMay } from '../../data/session.ts';
import { Button, buttonClass } from '../../design/button.tsx';
import { Icon } from '../../design/icon.tsx';
import { PageLayout } from '../../design/layout.tsx';
import { BucketPolicies } from './bucket-policies.tsx';
import { Buckets } from './buckets.tsx';
import { Folder } from './folder.tsx';

/** Buckets and what is in them: `/storage/<bucket>/<folder>?file=…`; who may what with it: `/storage/<bucket>?policies`. */
export function Page() {
  const [path, go] = useLocation();
  const search = useSearch();
  const may = useMay('developer');
  const [adding, setAdding] = useState(false);
  const [bucket, ...parts] = path
    .split('/')
    .slice(2)
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  return (
    <PageLayout
      title="Storage"
      about={bucket === undefined ? 'Files, in buckets.' : undefined}
      actions={
        <>
          {bucket === undefined ? (
            <Link href="/auth/policies?schema=storage" className={buttonClass('secondary')}>
              <Icon name="shield" />
              Policies
            </Link>
          ) : (
            <Button icon="shield" onClick={() => go(`${path}?policies`)}>
              Policies
            </Button>
          )}
          {may && bucket === undefined && (
            <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
              New bucket
            </Button>
          )}
        </>
      }
    >
      {bucket === undefined ? (
        <Buckets adding={adding} onAdded={() => setAdding(false)} />
      ) : (
        <Folder key={path} bucket={bucket} folder={parts.join('/')} />
      )}
      {bucket !== undefined && new URLSearchParams(search).has('policies') && (
        <BucketPolicies bucket={bucket} onClose={() => go(path)} />
      )}
    </PageLayout>
  );
}
