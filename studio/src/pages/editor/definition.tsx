import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { runSql } from '../../data/sql.ts';
import { buttonClass } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { Sheet } from '../../design/dialog.tsx';
import { ErrorBox, Skeleton } from '../../design/states.tsx';
import { type Described, definitionOf, describeRelation } from '../../sql/definition.ts';

/** A relation as the SQL that makes it. */
export function Definition({
  schema,
  name,
  onClose,
}: {
  readonly schema: string;
  readonly name: string;
  readonly onClose: () => void;
}) {
  const about = useQuery({
    queryKey: ['definition', schema, name],
    queryFn: async ({ signal }) =>
      (await runSql<{ [K in keyof Described]: Described[K] }>(describeRelation(schema, name), signal))[0],
    staleTime: 0,
  });
  const sql = about.data && definitionOf(schema, name, about.data);
  return (
    <Sheet
      title={`Definition of ${name}`}
      onClose={onClose}
      actions={
        sql && (
          <Link href={`/sql?new=${encodeURIComponent(sql)}`} className={buttonClass('secondary')}>
            Open in the SQL editor
          </Link>
        )
      }
    >
      {about.error ? (
        <ErrorBox error={about.error} retry={() => void about.refetch()} />
      ) : sql === undefined ? (
        <Skeleton lines={8} />
      ) : (
        <CodeBlock label="Definition" code={sql} />
      )}
    </Sheet>
  );
}
