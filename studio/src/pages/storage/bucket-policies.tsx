import { useState } from 'react';
import { useMay } from '../../data/session.ts';
import { Button } from '../../design/button.tsx';
import { Sheet } from '../../design/dialog.tsx';
import { Card } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Note, Skeleton } from '../../design/states.tsx';
import { usePolicies } from '../../policies/data.ts';
import { PolicyForm } from '../../policies/policy-form.tsx';
import { PolicyList } from '../../policies/policy-list.tsx';
import { useBuckets } from './data.ts';
import { bucketTemplates, objectsTable, policiesOf } from './policies.ts';

/** Who may do what with the files of a bucket. */
export function BucketPolicies({ bucket, onClose }: { readonly bucket: string; readonly onClose: () => void }) {
  const may = useMay('developer');
  const policies = usePolicies();
  const buckets = useBuckets();
  const [adding, setAdding] = useState(false);
  const isPublic = buckets.data?.find(({ id }) => id === bucket)?.public === true;
  return (
    <Sheet
      title={`Policies of ${bucket}`}
      onClose={onClose}
      actions={
        may && (
          <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>
            New policy
          </Button>
        )
      }
    >
      {isPublic && <Note>The bucket is public: whoever has a link reads its files, whatever policies say.</Note>}
      {policies.error ? (
        <ErrorBox error={policies.error} retry={() => void policies.refetch()} />
      ) : !policies.data ? (
        <Skeleton lines={4} />
      ) : (
        <Lists bucket={bucket} {...policiesOf(bucket, policies.data)} />
      )}
      {adding && (
        <PolicyForm table={objectsTable} templates={bucketTemplates(bucket)} onClose={() => setAdding(false)} />
      )}
    </Sheet>
  );
}

function Lists({ bucket, own, general }: { readonly bucket: string } & ReturnType<typeof policiesOf>) {
  return (
    <>
      {own.length === 0 ? (
        <EmptyState icon="shield" title="No policy speaks of this bucket">
          Clients see and change nothing in it{general.length > 0 && ' but what those below allow'}; servers with the
          secret key everything. A new policy can begin with a template.
        </EmptyState>
      ) : (
        <Card title={`Of ${bucket}`} flush>
          <PolicyList policies={own} />
        </Card>
      )}
      {general.length > 0 && (
        <Card title="Of all buckets" flush>
          <PolicyList policies={general} />
        </Card>
      )}
    </>
  );
}
