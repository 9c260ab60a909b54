import { type ChangeEvent, useRef, useState } from 'react';
import { runSql } from '../../data/sql.ts';
import { Button } from '../../design/button.tsx';
import { DataTable } from '../../design/data-table.tsx';
import { Sheet } from '../../design/dialog.tsx';
import { SelectField } from '../../design/field.tsx';
import { ErrorBox, Note } from '../../design/states.tsx';
import { useToasts } from '../../design/toast.tsx';
import { type ImportFile, importSql, matchFields, readImport } from '../../sql/import.ts';
import type { Column } from '../../sql/table.ts';
import styles from './page.module.css';

const largest = 200 * 1024 * 1024;
const previewed = 5;

/** Rows of a CSV or JSON file for a table: which field goes where, a look at the first ones, and how far it is. */
export function Import({
  schema,
  name,
  columns,
  onDone,
  onClose,
}: {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly Column[];
  readonly onDone: () => void;
  readonly onClose: () => void;
}) {
  const [file, setFile] = useState<ImportFile>();
  const [into, setInto] = useState<readonly (string | null)[]>([]);
  const [failure, setFailure] = useState<unknown>();
  const [done, setDone] = useState<number>();
  const running = useRef<AbortController>(undefined);
  const toasts = useToasts();
  const busy = done !== undefined && failure === undefined;
  const used = into.filter((each) => each !== null);
  const twice = used.find((each, at) => used.indexOf(each) !== at);

  async function choose({ currentTarget }: ChangeEvent<HTMLInputElement>): Promise<void> {
    const chosen = currentTarget.files?.[0];
    if (!chosen) return;
    setFailure(undefined);
    setFile(undefined);
    setDone(undefined);
    try {
      if (chosen.size > largest) throw new Error('Files of 200 MB at most; larger ones go in by psql and COPY');
      const read = readImport(chosen.name, await chosen.text());
      setFile(read);
      setInto(matchFields(read.fields, columns));
    } catch (error) {
      setFailure(error);
    }
  }

  async function start(): Promise<void> {
    if (!file) return;
    const control = new AbortController();
    running.current = control;
    setFailure(undefined);
    setDone(0);
    try {
      for (const { sql, upTo } of importSql({ schema, name, columns }, file, into)) {
        await runSql(sql, control.signal);
        setDone(upTo);
      }
      toasts.done(`${file.rows.length.toLocaleString()} rows are imported`);
      onDone();
      onClose();
    } catch (error) {
      setFailure(control.signal.aborted ? new Error('Stopped') : error);
      onDone();
    }
  }

  return (
    <Sheet
      title={`Import into ${name}`}
      onClose={() => {
        running.current?.abort();
        onClose();
      }}
      actions={
        <>
          <Button
            onClick={() => {
              running.current?.abort();
              if (!busy) onClose();
            }}
          >
            {busy ? 'Stop' : 'Cancel'}
          </Button>
          <Button
            kind="primary"
            disabled={!file || file.rows.length === 0 || used.length === 0 || twice !== undefined || busy}
            onClick={() => void start()}
          >
            {file ? `Import ${file.rows.length.toLocaleString()} rows` : 'Import'}
          </Button>
        </>
      }
    >
      <div className={styles.form}>
        <label className={styles.file}>
          <span>CSV with a head, a JSON array, or a JSON object a line</span>
          <input
            type="file"
            accept=".csv,.tsv,.txt,.json,.jsonl,.ndjson"
            disabled={busy}
            onChange={(event) => void choose(event)}
          />
        </label>
        {failure !== undefined && (
          <>
            {done !== undefined && done > 0 && (
              <Note kind="warn">{`The first ${done.toLocaleString()} rows are in; those after them are not.`}</Note>
            )}
            <ErrorBox error={failure} />
          </>
        )}
        {busy && file && (
          <progress
            className={styles.progress}
            max={file.rows.length}
            value={done}
            aria-label={`${done} of ${file.rows.length} rows`}
          />
        )}
        {file && (
          <>
            {twice !== undefined && <Note kind="warn">{`Two fields go to ${twice}.`}</Note>}
            <div className={styles.mapping}>
              {file.fields.map((field, at) => (
                <SelectField
                  // biome-ignore lint/suspicious/noArrayIndexKey: files may name two fields alike
                  key={at}
                  label={field}
                  disabled={busy}
                  value={into[at] ?? ''}
                  onChange={({ currentTarget }) =>
                    setInto(into.map((each, index) => (index === at ? currentTarget.value || null : each)))
                  }
                >
                  <option value="">left out</option>
                  {columns
                    .filter(({ generated }) => !generated)
                    .map((column) => (
                      <option key={column.name} value={column.name}>
                        {`→ ${column.name} (${column.type})`}
                      </option>
                    ))}
                </SelectField>
              ))}
            </div>
            <h3>The first rows</h3>
            <DataTable
              label="The first rows"
              columns={file.fields.map((field, at) => ({
                title: `${field}${into[at] ? '' : ' (left out)'}`,
                render: (row: { cells: readonly (string | null)[] }) => (row.cells[at] ?? 'NULL').slice(0, 80),
              }))}
              rows={file.rows.slice(0, previewed).map((cells, at) => ({ cells, at }))}
              keyOf={({ at }) => at}
            />
          </>
        )}
      </div>
    </Sheet>
  );
}
