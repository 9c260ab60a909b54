import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../../data/session.ts';
import { runSql } from '../../data/sql.ts';
import { Badge } from '../../design/badge.tsx';
import { Button, IconButton } from '../../design/button.tsx';
import { Sheet } from '../../design/dialog.tsx';
import { DropDialog } from '../../design/drop-dialog.tsx';
import { StatementDialog } from '../../design/statement-dialog.tsx';
import { ErrorBox, Skeleton } from '../../design/states.tsx';
import {
  type Constraint,
  dropConstraintSql,
  listConstraints,
  validateConstraintSql,
} from '../../sql/ddl/constraint.ts';
import type { Column } from '../../sql/table.ts';
import { ConstraintForm } from './constraint-form.tsx';
import styles from './page.module.css';

/** What rows of a table have to meet: keys, foreign keys and checks, to add and to drop. */
export function Constraints({
  schema,
  table,
  columns,
  onClose,
}: {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly Column[];
  readonly onClose: () => void;
}) {
  const may = useMay('developer');
  const [chosen, setChosen] = useState<'add' | { readonly drop: Constraint } | { readonly validate: Constraint }>();
  const close = () => setChosen(undefined);
  const all = useQuery({
    queryKey: ['catalogue', 'constraints', schema, table],
    queryFn: ({ signal }) => runSql<{ [K in keyof Constraint]: Constraint[K] }>(listConstraints(schema, table), signal),
  });
  if (chosen === 'add')
    return (
      <ConstraintForm
        schema={schema}
        table={table}
        columns={columns}
        primaryKey={all.data?.find(({ kind }) => kind === 'primary key')?.name}
        onClose={close}
      />
    );
  return (
    <Sheet
      title={`Constraints of ${table}`}
      onClose={onClose}
      actions={
        may && (
          <Button kind="primary" icon="plus" onClick={() => setChosen('add')}>
            Add a constraint
          </Button>
        )
      }
    >
      {all.error ? (
        <ErrorBox error={all.error} retry={() => void all.refetch()} />
      ) : !all.data ? (
        <Skeleton lines={5} />
      ) : all.data.length === 0 ? (
        <p className={styles.said}>Rows may be anything: there is no key and no check.</p>
      ) : (
        <ul className={styles.constraints}>
          {all.data.map((each) => (
            <li key={each.name}>
              <div>
                <b>{each.name}</b> <Badge>{each.kind}</Badge> {!each.validated && <Badge kind="wait">not valid</Badge>}
              </div>
              <code>{each.text}</code>
              {may && !each.inherited && (
                <span>
                  {!each.validated && (
                    <Button small onClick={() => setChosen({ validate: each })}>
                      Validate
                    </Button>
                  )}
                  <IconButton
                    small
                    icon="trash"
                    label={`Drop ${each.name}`}
                    onClick={() => setChosen({ drop: each })}
                  />
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
      {typeof chosen === 'object' && 'drop' in chosen && (
        <DropDialog
          name={chosen.drop.name}
          cascades={chosen.drop.kind === 'primary key' || chosen.drop.kind === 'unique'}
          sql={(cascade) => dropConstraintSql(schema, table, chosen.drop.name, cascade)}
          onClose={close}
        >
          <p>Rows need not meet it any more. Where foreign keys lead to it, the database refuses.</p>
        </DropDialog>
      )}
      {typeof chosen === 'object' && 'validate' in chosen && (
        <StatementDialog
          title={`Validate ${chosen.validate.name}?`}
          action="Validate"
          sql={validateConstraintSql(schema, table, chosen.validate.name)}
          said={`All rows meet ${chosen.validate.name}`}
          onClose={close}
        >
          <p>All rows are looked at; the first that does not meet it is told.</p>
        </StatementDialog>
      )}
    </Sheet>
  );
}
