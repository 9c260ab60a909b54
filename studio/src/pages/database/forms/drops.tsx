import { DropDialog } from '../../../design/drop-dialog.tsx';
import { dropTypeSql } from '../../../sql/ddl/enum.ts';
import { describeFunction, dropFunctionSql, type FunctionDraft } from '../../../sql/ddl/function.ts';
import { dropPublicationSql } from '../../../sql/ddl/publication.ts';
import { dropRoleSql } from '../../../sql/ddl/role.ts';
import { dropIndexSql } from '../../../sql/ddl/table-index.ts';
import { dropTriggerSql } from '../../../sql/ddl/trigger.ts';
import { dropRelationSql } from '../../../sql/ddl/view.ts';
import { type Entry, Loaded } from './parts.tsx';

interface DropProps {
  readonly entry: Entry;
  readonly onClose: () => void;
}

/** Drops a table or view. */
export function DropRelation({ entry, onClose }: DropProps) {
  const [kind, schema, name] = [String(entry.kind), String(entry.schema), String(entry.name)];
  const isTable = kind === 'table' || kind === 'partitioned table';
  return (
    <DropDialog
      name={name}
      losesData={isTable}
      cascades
      sql={(cascade) => dropRelationSql(kind, schema, name, cascade)}
      onClose={onClose}
    >
      <p>
        {isTable ? 'The table and all its rows are gone for good.' : 'The rows it shows stay where they are.'} Where
        something depends on it, the database refuses.
      </p>
    </DropDialog>
  );
}

/** Drops a function. */
export function DropFunction({ entry, onClose }: DropProps) {
  return (
    <Loaded<FunctionDraft> title={String(entry.name)} sql={describeFunction(Number(entry.id))} onClose={onClose}>
      {(draft) => (
        <DropDialog name={draft.name} cascades sql={(cascade) => dropFunctionSql(draft, cascade)} onClose={onClose}>
          <p>Calls of it fail from then on. Where triggers, policies or defaults use it, the database refuses.</p>
        </DropDialog>
      )}
    </Loaded>
  );
}

/** Drops a trigger. */
export function DropTrigger({ entry, onClose }: DropProps) {
  const [schema, table, name] = [String(entry.schema), String(entry.table), String(entry.name)];
  return (
    <DropDialog name={name} sql={() => dropTriggerSql({ schema, table, name })} onClose={onClose}>
      <p>{`Changes of ${table} no longer run its function, which stays.`}</p>
    </DropDialog>
  );
}

/** Drops an enum. */
export function DropEnum({ entry, onClose }: DropProps) {
  const [schema, name] = [String(entry.schema), String(entry.name)];
  return (
    <DropDialog name={name} cascades sql={(cascade) => dropTypeSql(schema, name, cascade)} onClose={onClose}>
      <p>Where a column has this type, the database refuses; with cascade, such columns and their values go, too.</p>
    </DropDialog>
  );
}

/** Drops an index. */
export function DropIndex({ entry, onClose }: DropProps) {
  const [schema, name] = [String(entry.schema), String(entry.name)];
  return (
    <DropDialog name={name} sql={() => dropIndexSql(schema, name)} onClose={onClose}>
      <p>{`No row is lost. Queries of ${entry.table} that used it look through the rows instead.`}</p>
    </DropDialog>
  );
}

/** Drops a publication. */
export function DropPublication({ entry, onClose }: DropProps) {
  const name = String(entry.name);
  return (
    <DropDialog name={name} sql={() => dropPublicationSql(name)} onClose={onClose}>
      <p>
        {name === 'supabase_realtime'
          ? 'Realtime tells of no changes of the database until there is such a publication again.'
          : 'Whoever listens to it, as a replica, hears nothing from then on.'}
      </p>
    </DropDialog>
  );
}

/** Drops a role. */
export function DropRole({ entry, onClose }: DropProps) {
  const name = String(entry.name);
  return (
    <DropDialog name={name} sql={() => dropRoleSql(name)} onClose={onClose}>
      <p>Nobody can sign in as it from then on. While it owns something or has rights, the database refuses.</p>
    </DropDialog>
  );
}
