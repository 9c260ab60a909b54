import { Link } from 'wouter';
import { Badge } from '../../design/badge.tsx';
import { buttonClass } from '../../design/button.tsx';
import { CodeBlock, CopyValue } from '../../design/code-block.tsx';
import { Sheet } from '../../design/dialog.tsx';
import { KeyValue } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useLine } from './data.ts';
import type { LogEntry } from './entry.ts';
import { serviceName } from './lines.tsx';

const kinds = { error: 'bad', warn: 'wait', info: 'plain' } as const;

/** One line with everything that is known of it. @param known what the list has already */
export function LineSheet({
  id,
  known,
  onClose,
}: {
  readonly id: string;
  readonly known: LogEntry | undefined;
  readonly onClose: () => void;
}) {
  const line = useLine(id, known);
  return (
    <Sheet title={line.data?.title ?? 'Log line'} onClose={onClose}>
      {line.error ? (
        <ErrorBox error={line.error} retry={() => void line.refetch()} />
      ) : line.data === undefined ? (
        <Skeleton lines={6} />
      ) : line.data === null ? (
        <EmptyState icon="history" title="This line is not kept any more">
          Logs are kept for a week unless ANALYTICS_RETENTION says otherwise.
        </EmptyState>
      ) : (
        <Line entry={line.data} />
      )}
    </Sheet>
  );
}

function Line({ entry }: { readonly entry: LogEntry }) {
  const { timestamp, status, severity, requestId, message, metadata } = entry;
  return (
    <>
      <KeyValue
        pairs={[
          ['Time', <CopyValue key="time" label="time" value={new Date(timestamp / 1_000).toISOString()} />],
          ['Service', serviceName(entry)],
          [
            'Level',
            <Badge key="level" kind={kinds[severity]}>
              {severity}
            </Badge>,
          ],
          ...(status === undefined ? [] : [['Status', status] as const]),
          ...(requestId === undefined
            ? []
            : [['Request', <CopyValue key="request" label="request id" value={requestId} />] as const]),
        ]}
      />
      {requestId !== undefined && (
        <div>
          <Link href={`/logs?request=${encodeURIComponent(requestId)}`} className={buttonClass('secondary', true)}>
            All lines about this request
          </Link>
        </div>
      )}
      <CodeBlock label="message" code={message} />
      <CodeBlock label="details" code={JSON.stringify(metadata, null, 2)} />
    </>
  );
}
