import { useMay } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Checkbox } from '../../design/field.tsx';
import { ErrorBox, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { setVerifyJwt, useFunction, useFunctionChange } from './data.ts';
import styles from './page.module.css';

/** Of a function: its state, its version, and whether it asks for a token, which can be changed. */
export function Facts({ slug }: { readonly slug: string }) {
  const may = useMay('developer');
  const toasts = useToasts();
  const info = useFunction(slug);
  const verify = useFunctionChange(
    (wanted: boolean) => setVerifyJwt(slug, wanted),
    (wanted) => toasts.done(wanted ? 'Requests need a valid token now' : 'Requests need no token any more'),
  );
  if (info.error) return <ErrorBox error={info.error} retry={() => void info.refetch()} />;
  if (!info.data) return <Skeleton lines={1} />;
  const { status, version, updated_at: at, verify_jwt: verifies } = info.data;
  return (
    <div className={styles.facts}>
      <Badge kind={status === 'ACTIVE' ? 'good' : 'wait'} dot>
        {status.toLowerCase()}
      </Badge>
      <span>Version {version}</span>
      <span>
        Deployed <time dateTime={new Date(at).toISOString()}>{new Date(at).toLocaleString()}</time>
      </span>
      <Checkbox
        label="Ask for a valid token"
        checked={verify.isPending ? verify.variables : verifies}
        disabled={!may || verify.isPending}
        onChange={(event) => verify.mutate(event.currentTarget.checked, { onError: toasts.failed })}
      />
    </div>
  );
}
