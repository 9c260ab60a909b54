import { useQuery } from '@tanstack/react-query';
import { useLocation, useSearch } from 'wouter';
import { runSql } from '../../../data/sql.ts';
import { EmptyState, ErrorBox, Skeleton } from '../../../design/states.tsx';
import { listMap, listMapSchemas, type MapTable, mapBound } from '../../../sql/schema-map.ts';
import { Canvas } from './canvas.tsx';
import styles from './map.module.css';

/** Tables of a schema and how they refer to each other: `/database/schemas?schema=<name>&table=<name>`. */
export function SchemaMap() {
  const [, go] = useLocation();
  const search = new URLSearchParams(useSearch());
  const schemas = useQuery({
    queryKey: ['catalogue', 'map-schemas'],
    queryFn: ({ signal }) => runSql<{ schema: string; tables: number }>(listMapSchemas, signal),
  });
  const schema = search.get('schema') ?? 'public';
  const tables = useQuery({
    queryKey: ['catalogue', 'map', schema],
    queryFn: ({ signal }) => runSql<{ [K in keyof MapTable]: MapTable[K] }>(listMap(schema), signal),
  });
  const show = (next: { readonly schema?: string; readonly table?: string | undefined }) => {
    const query = new URLSearchParams({ schema: next.schema ?? schema });
    if (next.table !== undefined) query.set('table', next.table);
    go(`/database/schemas?${query}`, { replace: true });
  };
  const error = schemas.error ?? tables.error;
  if (error) return <ErrorBox error={error} retry={() => void schemas.refetch().then(() => tables.refetch())} />;
  if (!schemas.data || !tables.data) return <Skeleton lines={8} />;
  const names = [...new Set(['public', ...schemas.data.map((each) => each.schema), schema])];
  const drawn = tables.data.slice(0, mapBound);
  return (
    <div className={styles.view}>
      <Canvas
        key={schema}
        schema={schema}
        schemas={names}
        tables={drawn}
        chosen={search.get('table') ?? undefined}
        onShow={show}
        empty={
          <EmptyState icon="table" title={`There are no tables in ${schema} yet`}>
            Once there are, they are drawn here with what they refer to. Make the first one under “Tables”.
          </EmptyState>
        }
      />
      {tables.data.length > mapBound && (
        <p className={styles.note}>{`The first ${mapBound} tables by name are drawn; there are more.`}</p>
      )}
    </div>
  );
}
