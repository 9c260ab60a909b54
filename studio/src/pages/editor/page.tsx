import { useLocation, useSearch } from 'wouter';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { readView } from '../../sql/filter.ts';
import { useColumns, useRelations } from './data.ts';
import styles from './page.module.css';
import { TableList } from './table-list.tsx';
import { TableView } from './table-view.tsx';

/** Tables and their rows: `/editor/<schema>/<table>?filter=…&sort=…`. */
export function Page() {
  const [path] = useLocation();
  const search = useSearch();
  const relations = useRelations();
  const [schema = 'public', name] = path.split('/').slice(2).map(decodeURIComponent);
  const relation = relations.data?.find((each) => each.schema === schema && each.name === name);
  const columns = useColumns(schema, name ?? '', relation !== undefined);
  return (
    <div className={styles.editor}>
      <div className={name === undefined ? styles.list : `${styles.list} ${styles.hidden}`}>
        <TableList schema={schema} current={name} relations={relations} />
      </div>
      {name === undefined ? (
        <div className={styles.hidden}>
          <EmptyState icon="table" title="Choose a table">
            Its rows are shown here, to look through and to change.
          </EmptyState>
        </div>
      ) : relations.data && !relation ? (
        <EmptyState icon="search" title="There is no such table">
          {`${schema}.${name} is not in this database, or your role does not see it.`}
        </EmptyState>
      ) : columns.error ? (
        <div className={styles.problem}>
          <ErrorBox error={columns.error} retry={() => void columns.refetch()} />
        </div>
      ) : relation && columns.data ? (
        <TableView key={`${schema}.${name}`} relation={relation} columns={columns.data} view={readView(search)} />
      ) : (
        <div className={styles.problem}>
          <Skeleton lines={8} />
        </div>
      )}
    </div>
  );
}
