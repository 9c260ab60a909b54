import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useReducer, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { download as handOver } from '../../data/download.ts';
import { useMay } from '../../data/session.ts';
import { runSql } from '../../data/sql.ts';
import { Badge } from '../../design/badge.tsx';
import { Button, buttonClass, IconButton } from '../../design/button.tsx';
import { classes } from '../../design/classes.ts';
import { copyLater } from '../../design/code-block.tsx';
import { Confirm } from '../../design/dialog.tsx';
import { Icon } from '../../design/icon.tsx';
import { Menu } from '../../design/menu.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { Grid, type GridColumn, type GridRange } from '../../grid/grid.tsx';
import { writeCells } from '../../grid/selection.ts';
import { changesSql } from '../../sql/changes.ts';
import { type Filter, type Sort, type View, writeView } from '../../sql/filter.ts';
import { type PageOf, shownLength } from '../../sql/page.ts';
import { quoteQualified } from '../../sql/quote.ts';
import { type Column, keyOf, type Relation } from '../../sql/table.ts';
import { draftOf, realtimeSql } from '../../sql/table-ddl.ts';
import { addressOf } from './address.ts';
import { Constraints } from './constraints.tsx';
import { hasCut, wholeRange } from './copy.ts';
import { countBound, type ExportFormat, exportRows, useCount, useRows } from './data.ts';
import { Definition } from './definition.tsx';
import { changesOf, cleanDraft, drafted, rowId, sizeOf } from './draft.ts';
import { Filters } from './filters.tsx';
import { Import } from './import.tsx';
import { LoadedEditor } from './loaded-editor.tsx';
import styles from './page.module.css';
import { RowView } from './row-view.tsx';
import { TableForm } from './table-form.tsx';

/** Rows of one table: to look through, to sort and filter, and to change. */
export function TableView({
  relation,
  columns,
  view,
}: {
  readonly relation: Relation;
  readonly columns: readonly Column[];
  readonly view: View;
}) {
  const { schema, name } = relation;
  const [, go] = useLocation();
  const client = useQueryClient();
  const toasts = useToasts();
  const mayWork = useMay('developer');
  const page: PageOf = { schema, name, columns, view };
  const rows = useRows(page);
  const count = useCount(page);
  const [{ draft, past }, act] = useReducer(drafted, cleanDraft);
  const [chosen, setChosen] = useState<ReadonlySet<string | number>>(new Set());
  const [filtering, setFiltering] = useState(false);
  const [securing, setSecuring] = useState(false);
  const [exported, setExported] = useState<number>();
  const [open, setOpen] = useState<'definition' | 'constraints' | 'import' | 'form' | 'row'>();
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  const kept = rows.data?.pages.flat() ?? [];
  const editable = mayWork && relation.kind === 'table' && keyOf(columns).length > 0;
  const idOf = (row: number): string | number =>
    row < draft.inserts.length ? (draft.inserts[row]?.id ?? 0) : rowId(kept[row - draft.inserts.length]?.key ?? []);
  const total = draft.inserts.length + kept.length;

  const show = (next: Partial<View>) => {
    const query = writeView({ ...view, ...next });
    go(`${addressOf(schema, name)}${query === '' ? '' : `?${query}`}`, { replace: true });
  };
  const sortBy = (column: string, descending: boolean | undefined) => {
    const others = view.sorts.filter((sort: Sort) => sort.column !== column);
    show({ sorts: descending === undefined ? others : [{ column, descending }, ...others] });
  };

  function cell(row: number, at: number) {
    const column = columns[at] as Column;
    if (row < draft.inserts.length) {
      const values = draft.inserts[row]?.values ?? {};
      return { text: values[column.name], edited: column.name in values };
    }
    const edits = draft.edits[String(idOf(row))];
    if (edits && column.name in edits) return { text: edits[column.name], edited: true };
    const text = kept[row - draft.inserts.length]?.cells[at] ?? null;
    return {
      text: text !== null && text.length > shownLength ? `${text.slice(0, shownLength)}…` : text,
      edited: false,
    };
  }

  // Values that are longer than what is shown are copied whole, too.
  const keyOfCut = (row: number, at: number): readonly string[] | undefined => {
    const found = kept[row - draft.inserts.length];
    return found && !cell(row, at).edited && (found.cells[at]?.length ?? 0) > shownLength ? found.key : undefined;
  };
  function copy(range: GridRange): boolean {
    if (!hasCut({ keyOfCut }, range)) return false;
    if (keyOf(columns).length === 0) {
      toasts.failed(
        new Error(`Without a primary key, values are copied up to ${shownLength} characters; export has them whole`),
      );
      return false;
    }
    copyLater(wholeRange({ page, cell, keyOfCut }, range).then(writeCells)).then(
      () => toasts.done('Copied'),
      toasts.failed,
    );
    return true;
  }

  async function refresh(): Promise<void> {
    await Promise.all([
      client.invalidateQueries({ queryKey: ['rows', schema, name] }),
      client.invalidateQueries({ queryKey: ['count', schema, name] }),
    ]);
  }

  async function save(): Promise<void> {
    setBusy(true);
    setFailure(undefined);
    try {
      await runSql(changesSql({ schema, name, columns }, changesOf(draft)));
      toasts.done(`${sizeOf(draft)} ${sizeOf(draft) === 1 ? 'row is' : 'rows are'} saved`);
      act({ kind: 'discard' });
      setChosen(new Set());
      await refresh();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  }

  async function secure(): Promise<void> {
    setBusy(true);
    try {
      const verb = relation.rls ? 'disable' : 'enable';
      await runSql(`alter table ${quoteQualified(schema, name)} ${verb} row level security`);
      await client.invalidateQueries({ queryKey: ['relations'] });
      setSecuring(false);
    } catch (error) {
      toasts.failed(error);
    } finally {
      setBusy(false);
    }
  }

  async function tell(on: boolean): Promise<void> {
    try {
      await runSql(realtimeSql(relation, on));
      await client.invalidateQueries({ queryKey: ['relations'] });
      toasts.done(on ? 'Changes of rows are told by Realtime' : 'Changes of rows are told no longer');
    } catch (error) {
      toasts.failed(error);
    }
  }

  async function download(format: ExportFormat): Promise<void> {
    try {
      handOver(`${name}.${format}`, await exportRows(page, format, (seen) => setExported(seen)));
    } catch (error) {
      toasts.failed(error);
    } finally {
      setExported(undefined);
    }
  }

  const onEnd = useCallback(() => {
    if (rows.hasNextPage && !rows.isFetchingNextPage) void rows.fetchNextPage();
  }, [rows.hasNextPage, rows.isFetchingNextPage, rows.fetchNextPage]);

  const shown: readonly GridColumn[] = columns.map((column) => ({
    title: column.name,
    about: column.type,
    width: Math.min(320, Math.max(110, 9 * (column.name.length + column.type.length * 0.8) + 56)),
    isNumber: column.category === 'N',
    editable: editable && !column.generated,
  }));

  return (
    <div className={styles.view}>
      <div className={styles.bar}>
        <Link href={addressOf(schema)} className={classes(buttonClass('quiet', true))} aria-label="All tables">
          <Icon name="chevron-left" />
        </Link>
        <h2>{name}</h2>
        {relation.kind === 'table' ? (
          <Badge kind={relation.rls ? 'good' : 'wait'}>{relation.rls ? 'RLS on' : 'RLS off'}</Badge>
        ) : (
          <Badge>{relation.kind}</Badge>
        )}
        {relation.realtime && <Badge kind="info">Realtime</Badge>}
        {mayWork && relation.kind === 'table' && (
          <Button small onClick={() => setSecuring(true)}>
            {relation.rls ? 'Turn RLS off' : 'Turn RLS on'}
          </Button>
        )}
        <span className={styles.end} />
        <Button small icon="filter" aria-pressed={view.filters.length > 0} onClick={() => setFiltering(true)}>
          {view.filters.length > 0 ? `Filters: ${view.filters.length}` : 'Filter'}
        </Button>
        <Button small icon="refresh" onClick={() => void refresh()}>
          Refresh
        </Button>
        {editable && chosen.size === 1 && (
          <Button small icon="eye" onClick={() => setOpen('row')}>
            Open
          </Button>
        )}
        {editable && chosen.size > 0 && (
          <Button
            small
            icon="trash"
            onClick={() => {
              act({ kind: 'delete', rows: [...chosen] });
              setChosen(new Set());
            }}
          >
            Delete {chosen.size}
          </Button>
        )}
        <Menu
          label={`More about ${name}`}
          items={[
            { label: 'Download CSV', icon: 'download', onSelect: () => void download('csv') },
            { label: 'Download JSON', icon: 'download', onSelect: () => void download('json') },
            ...(mayWork && relation.kind === 'table'
              ? ([
                  { label: 'Import CSV or JSON', icon: 'plus', line: true, onSelect: () => setOpen('import') },
                  {
                    label: relation.realtime ? 'Turn Realtime off' : 'Turn Realtime on',
                    icon: 'radio',
                    onSelect: () => void tell(!relation.realtime),
                  },
                  { label: 'Change the table', icon: 'pencil', onSelect: () => setOpen('form') },
                ] as const)
              : []),
            ...(relation.kind === 'table'
              ? ([{ label: 'Constraints', icon: 'key', onSelect: () => setOpen('constraints') }] as const)
              : []),
            { label: 'Definition', icon: 'terminal', line: true, onSelect: () => setOpen('definition') },
          ]}
          trigger={(props) => <IconButton small icon="more" label={`More about ${name}`} {...props} />}
        />
        {editable && (
          <Button small kind="primary" icon="plus" onClick={() => act({ kind: 'insert', values: {} })}>
            Row
          </Button>
        )}
      </div>
      {rows.error && !rows.data ? (
        <div className={styles.problem}>
          <ErrorBox error={rows.error} retry={() => void rows.refetch()} />
        </div>
      ) : !rows.data ? (
        <div className={styles.problem}>
          <Skeleton lines={8} />
        </div>
      ) : total === 0 ? (
        <EmptyState icon="table" title={view.filters.length > 0 ? 'No row meets the filters' : 'There are no rows'}>
          {view.filters.length > 0
            ? 'Change or remove them to see more.'
            : 'Add one, or insert them by your application.'}
        </EmptyState>
      ) : (
        <Grid
          label={`Rows of ${name}`}
          columns={shown}
          rows={total}
          cell={cell}
          onCopy={copy}
          state={(row) =>
            row < draft.inserts.length ? 'new' : draft.deletes.includes(String(idOf(row))) ? 'deleted' : undefined
          }
          headerEnd={(at) => <SortMenu column={columns[at] as Column} sorts={view.sorts} onSort={sortBy} />}
          {...(editable && {
            checked: {
              has: (row: number) => chosen.has(idOf(row)),
              toggle: (row: number) => {
                const next = new Set(chosen);
                if (!next.delete(idOf(row))) next.add(idOf(row));
                setChosen(next);
              },
            },
            onPaste: (at, cells) => {
              for (const [down, line] of cells.entries()) {
                if (at.row + down >= total) break;
                const values = line.flatMap((text, right) => {
                  const column = columns[at.column + right];
                  return column && !column.generated ? [[column.name, text] as const] : [];
                });
                act({ kind: 'edit', row: idOf(at.row + down), values: Object.fromEntries(values) });
              }
            },
            editor: ({ row, column: at }, typed, close) => {
              const column = columns[at] as Column;
              return (
                <LoadedEditor
                  column={column}
                  page={page}
                  rowKey={row < draft.inserts.length ? undefined : kept[row - draft.inserts.length]?.key}
                  shown={cell(row, at)}
                  typed={typed}
                  onDone={(value) => {
                    act({ kind: 'edit', row: idOf(row), values: { [column.name]: value } });
                    close();
                  }}
                  onCancel={close}
                />
              );
            },
          })}
          onEnd={onEnd}
        />
      )}
      <div>
        {failure !== undefined && (
          <div className={styles.problem}>
            <ErrorBox error={failure} />
          </div>
        )}
        {sizeOf(draft) > 0 ? (
          <div className={classes(styles.foot, styles.pending)} role="status">
            {sizeOf(draft)} {sizeOf(draft) === 1 ? 'row' : 'rows'} changed, not saved
            <span className={styles.end} />
            <Button small icon="undo" disabled={past.length === 0} onClick={() => act({ kind: 'undo' })}>
              Undo
            </Button>
            <Button small onClick={() => act({ kind: 'discard' })}>
              Discard
            </Button>
            <Button small kind="primary" disabled={busy} onClick={() => void save()}>
              Save
            </Button>
          </div>
        ) : (
          <div className={styles.foot}>
            {exported !== undefined && `${exported.toLocaleString()} rows written · `}
            {describeCount(count.data, relation, view)}
            {relation.kind === 'table' && keyOf(columns).length === 0 && ' · no primary key: rows can be read only'}
          </div>
        )}
      </div>
      {filtering && (
        <Filters
          columns={columns}
          filters={view.filters}
          onApply={(filters: readonly Filter[]) => {
            show({ filters });
            setFiltering(false);
          }}
          onClose={() => setFiltering(false)}
        />
      )}
      {open === 'definition' && <Definition schema={schema} name={name} onClose={() => setOpen(undefined)} />}
      {open === 'constraints' && (
        <Constraints schema={schema} table={name} columns={columns} onClose={() => setOpen(undefined)} />
      )}
      {open === 'import' && (
        <Import
          schema={schema}
          name={name}
          columns={columns}
          onDone={() => void refresh()}
          onClose={() => setOpen(undefined)}
        />
      )}
      {open === 'form' && (
        <TableForm
          before={draftOf(relation, columns)}
          draft={draftOf(relation, columns)}
          onClose={() => setOpen(undefined)}
        />
      )}
      {open === 'row' && chosen.size === 1 && (
        <RowView
          page={page}
          draft={draft}
          row={[...chosen][0] as string | number}
          editable={editable}
          onDone={(row, values) => {
            act({ kind: 'edit', row, values });
            setOpen(undefined);
          }}
          onClose={() => setOpen(undefined)}
        />
      )}
      {securing && (
        <Confirm
          title={relation.rls ? 'Turn row level security off?' : 'Turn row level security on?'}
          action={relation.rls ? 'Turn it off' : 'Turn it on'}
          busy={busy}
          onConfirm={() => void secure()}
          onClose={() => setSecuring(false)}
        >
          <p>
            {relation.rls
              ? `Whoever has the public key will reach every row of ${name} that its grants allow.`
              : `Clients will see no row of ${name} that no policy shows them.`}
          </p>
        </Confirm>
      )}
    </div>
  );
}

function describeCount(count: number | undefined, { estimate }: Relation, { filters }: View): string {
  if (count === undefined) return 'Counting…';
  if (count <= countBound) return `${count.toLocaleString()} ${count === 1 ? 'row' : 'rows'}`;
  if (filters.length > 0 || estimate < 0) return `more than ${countBound.toLocaleString()} rows`;
  return `about ${Math.round(Math.max(estimate, countBound)).toLocaleString()} rows`;
}

function SortMenu({
  column,
  sorts,
  onSort,
}: {
  readonly column: Column;
  readonly sorts: readonly Sort[];
  readonly onSort: (column: string, descending: boolean | undefined) => void;
}) {
  const sort = sorts.find((each) => each.column === column.name);
  return (
    <Menu
      label={`Sort by ${column.name}`}
      items={[
        { label: 'Ascending', icon: 'arrow-up', onSelect: () => onSort(column.name, false) },
        { label: 'Descending', icon: 'arrow-down', onSelect: () => onSort(column.name, true) },
        { label: 'Not by this', icon: 'close', disabled: !sort, onSelect: () => onSort(column.name, undefined) },
      ]}
      trigger={(props) => (
        <IconButton
          small
          icon={sort ? (sort.descending ? 'arrow-down' : 'arrow-up') : 'chevron-down'}
          label={`Sort by ${column.name}`}
          tabIndex={-1}
          {...props}
        />
      )}
    />
  );
}
