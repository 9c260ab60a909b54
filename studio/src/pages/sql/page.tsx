import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { ApiError } from '../../data/client.ts';
import { useMay, useSession } from '../../data/session.ts';
import { runScript, runSql } from '../../data/sql.ts';
import { useStored } from '../../data/stored.ts';
import { Button, IconButton } from '../../design/button.tsx';
import { Confirm, Sheet } from '../../design/dialog.tsx';
import { Select } from '../../design/field.tsx';
import { useToasts } from '../../design/toast.tsx';
import { ActAsPicker } from '../../editor/act-as-picker.tsx';
import { type Mark, SqlEditor, type SqlEditorHandle } from '../../editor/sql-editor.tsx';
import { type ActAs, actAsSql } from '../../sql/act-as.ts';
import { readPlan } from '../../sql/plan.ts';
import { scriptOf } from '../../sql/script.ts';
import { asWritten, placeOf, type Sent } from '../../sql/sent-error.ts';
import { isExplainable, statementAt, warningsOf } from '../../sql/statements.ts';
import { Assistant } from './assistant.tsx';
import { readSnippet, snippetsKey, useNames, writeSnippet } from './data.ts';
import { type Run, readHistory, remembered } from './history.ts';
import { Library, PathDialog } from './library.tsx';
import styles from './page.module.css';
import { titleOfStatement } from './result.ts';
import { type Outcome, Results } from './results.tsx';
import { activeOf, isUnsaved, readTabs, tabbed, titleOf } from './tabs.ts';

type Way = 'run' | 'explain' | 'analyze';

const limits = [100, 1_000, 10_000, 0];
const explain: Readonly<Record<'explain' | 'analyze', string>> = {
  explain: 'explain (format json) ',
  analyze: 'explain (analyze, buffers, format json) ',
};

/** The SQL editor: `/sql`, `/sql/snippet/<folder>/<name>`, `/sql?new=<text>`. */
export function Page() {
  const session = useSession();
  const mayWork = useMay('developer');
  const [path, go] = useLocation();
  const search = useSearch();
  const client = useQueryClient();
  const toasts = useToasts();
  const names = useNames();
  const [tabs, act] = useStored(`studio.sql.tabs.${session.name}`, readTabs, tabbed);
  const [history, remember] = useStored(`studio.sql.history.${session.name}`, readHistory, remembered);
  const [outcomes, setOutcomes] = useState<ReadonlyMap<number, Outcome>>(new Map());
  const [marks, setMarks] = useState<ReadonlyMap<number, Mark>>(new Map());
  const [running, setRunning] = useState<{ readonly id: number; readonly control: AbortController }>();
  const [as, setAs] = useState<ActAs>();
  const [limit, setLimit] = useState(1_000);
  const [warned, setWarned] = useState<{ readonly warnings: readonly string[]; readonly go: () => void }>();
  const [saving, setSaving] = useState(false);
  const [closing, setClosing] = useState<number>();
  const [assisting, setAssisting] = useState(false);
  const [listing, setListing] = useState(false);
  const editor = useRef<SqlEditorHandle>(null);
  const tab = activeOf(tabs);
  const outcome = outcomes.get(tab.id);
  const busy = running?.id === tab.id;

  // The address leads to a snippet, or brings a text along.
  const asked = path.startsWith('/sql/snippet/') ? decodeURIComponent(path.slice('/sql/snippet/'.length)) : undefined;
  const brought = new URLSearchParams(search).get('new');
  const taken = useRef<string>(undefined);
  useEffect(() => {
    if (brought === null || taken.current === search) return;
    taken.current = search;
    act({ kind: 'new', sql: brought });
    go('/sql', { replace: true });
  }, [brought, search, act, go]);
  useEffect(() => {
    if (asked === undefined) return;
    let current = true;
    readSnippet(asked).then(
      (sql) => current && act({ kind: 'open', path: asked, sql }),
      (error) => {
        if (!current) return;
        toasts.failed(error);
        go('/sql', { replace: true });
      },
    );
    return () => {
      current = false;
    };
  }, [asked, act, go, toasts]);
  useEffect(() => () => running?.control.abort(), [running]);

  const open = (snippet: string) => {
    setListing(false);
    go(`/sql/snippet/${snippet.split('/').map(encodeURIComponent).join('/')}`);
  };
  const choose = (id: number) => {
    act({ kind: 'choose', id });
    const chosen = tabs.tabs.find((each) => each.id === id);
    go(
      chosen?.path === undefined ? '/sql' : `/sql/snippet/${chosen.path.split('/').map(encodeURIComponent).join('/')}`,
      { replace: true },
    );
  };
  const begin = (sql = '') => {
    setListing(false);
    act({ kind: 'new', sql });
    go('/sql', { replace: true });
  };

  /** What is to be run: what is selected, the statement at the cursor, or everything. */
  function part(statementOnly: boolean): { readonly sql: string; readonly from: number } {
    const { from, to } = editor.current?.selection() ?? { from: 0, to: 0 };
    if (from < to) return { sql: tab.sql.slice(from, to), from };
    const statement = statementOnly ? statementAt(tab.sql, from) : undefined;
    return statement ? { sql: statement.text, from: statement.from } : { sql: tab.sql, from: 0 };
  }

  function run(way: Way, statementOnly = false): void {
    const { sql, from } = part(statementOnly);
    if (running || sql.trim() === '') return;
    if (way !== 'run' && !isExplainable(sql)) {
      toasts.failed(new Error('One query or one change of rows can be explained; select it'));
      return;
    }
    const warnings = way === 'run' && mayWork ? warningsOf(sql) : [];
    if (warnings.length > 0) setWarned({ warnings, go: () => void send(way, sql, from) });
    else void send(way, sql, from);
  }

  async function send(way: Way, sql: string, from: number): Promise<void> {
    const { id } = tab;
    const control = new AbortController();
    setWarned(undefined);
    setRunning({ id, control });
    const finish = (result: Outcome, mark?: Mark) => {
      setOutcomes((all) => new Map(all).set(id, result));
      setMarks((all) => {
        const next = new Map(all);
        if (mark) next.set(id, mark);
        else next.delete(id);
        return next;
      });
    };
    // Where the operator's own text is wrong, and how the error looks for it.
    const wrong = (error: unknown, sent: Sent) => {
      const at = placeOf(error, sent);
      return {
        error: asWritten(error, sent),
        mark: at === undefined ? undefined : { at, message: (error as Error).message },
      };
    };
    const began = performance.now();
    const note = (part: Pick<Run, 'ok' | 'rows'>) =>
      remember({ sql, at: Date.now(), took: performance.now() - began, ...part });
    try {
      if (way === 'run') {
        const script = scriptOf(sql, limit, as);
        if (script.statements.length === 0) throw new Error('There is nothing to run');
        const { results, error, notices } = await runScript(script, control.signal);
        const titles = script.places.map(({ text }) => titleOfStatement(text));
        const failed = error && {
          ...wrong(error, { text: tab.sql, from: from + (script.places[results.length]?.from ?? 0), prefix: '' }),
          kept: !script.together,
          notices: notices ?? [],
        };
        finish({ kind: 'results', results, titles, limit, failed }, failed?.mark);
        note({ ok: !error, rows: results.reduce((sum, { rows }) => sum + rows.length, 0) });
        // What completion proposes may have changed.
        if (/\b(create|alter|drop)\b/i.test(sql)) void client.invalidateQueries({ queryKey: ['sql-names'] });
      } else {
        const prefix = `${way === 'analyze' ? 'begin;\n' : ''}${actAsSql(as)}${explain[way]}`;
        const text = `${prefix}${sql.replace(/[\s;]+$/, '')}${way === 'analyze' ? ';\nrollback' : ''}`;
        try {
          const plan = readPlan((await runSql(text, control.signal))[0]?.['QUERY PLAN']);
          finish(plan ? { kind: 'plan', plan } : { kind: 'failed', error: new Error('The database told no plan') });
        } catch (error) {
          if (control.signal.aborted) throw error;
          const { mark, ...failed } = wrong(error, { text: tab.sql, from, prefix });
          finish({ kind: 'failed', ...failed }, mark);
        }
      }
    } catch (error) {
      const gaveUp = control.signal.aborted;
      finish({
        kind: 'failed',
        error: gaveUp ? new Error('Cancelled; the database stopped what was running') : error,
      });
      if (way === 'run') note({ ok: false, rows: 0 });
    } finally {
      setRunning(undefined);
    }
  }

  async function save(target: string): Promise<void> {
    const { id, sql } = tab;
    try {
      await writeSnippet(target, sql);
      act({ kind: 'kept', id, path: target, sql });
      setSaving(false);
      toasts.done('Saved');
      await client.invalidateQueries({ queryKey: snippetsKey });
    } catch (error) {
      toasts.failed(error);
    }
  }
  const onSave = () => {
    if (!mayWork) toasts.failed(new Error('Your role keeps no snippets'));
    else if (tab.path === undefined) setSaving(true);
    else void save(tab.path);
  };
  const close = (id: number) => {
    act({ kind: 'close', id });
    setClosing(undefined);
    if (asked !== undefined) go('/sql', { replace: true });
  };

  const library = (
    <Library
      current={tab.path}
      history={history}
      onOpen={open}
      onTake={begin}
      onMoved={(from, to) => {
        act({ kind: 'moved', from, to });
        if (asked === from) go('/sql', { replace: true });
      }}
    />
  );
  const failure =
    outcome?.kind === 'failed' ? outcome.error : outcome?.kind === 'results' ? outcome.failed?.error : undefined;

  return (
    <div className={styles.page}>
      <aside className={styles.side}>
        <h1>SQL editor</h1>
        {library}
      </aside>
      <div className={styles.work}>
        <div className={styles.tabs}>
          <ul aria-label="Open queries">
            {tabs.tabs.map((each) => (
              <li key={each.id} data-active={each.id === tab.id || undefined}>
                <button
                  type="button"
                  aria-current={each.id === tab.id ? 'true' : undefined}
                  onClick={() => choose(each.id)}
                >
                  {isUnsaved(each) && each.path !== undefined ? '• ' : ''}
                  {titleOf(each)}
                </button>
                <IconButton
                  small
                  icon="close"
                  label={`Close ${titleOf(each)}`}
                  onClick={() => (isUnsaved(each) ? setClosing(each.id) : close(each.id))}
                />
              </li>
            ))}
          </ul>
          <IconButton small icon="plus" label="New query" onClick={() => begin()} />
        </div>
        <div className={styles.bar}>
          {running ? (
            <Button small icon="close" onClick={() => running.control.abort()}>
              Cancel
            </Button>
          ) : (
            <Button small kind="primary" icon="zap" onClick={() => run('run')}>
              Run
            </Button>
          )}
          <Button small disabled={running !== undefined} onClick={() => run('explain', true)}>
            Explain
          </Button>
          <Button
            small
            disabled={running !== undefined}
            title="Runs the statement, measures each step, and takes back what it changed"
            onClick={() => run('analyze', true)}
          >
            Measure
          </Button>
          {mayWork && <ActAsPicker value={as} onChange={setAs} undefinedLabel="postgres: you" />}
          <Select
            aria-label="Rows at most"
            value={limit}
            onChange={({ currentTarget }) => setLimit(Number(currentTarget.value))}
          >
            {limits.map((each) => (
              <option key={each} value={each}>
                {each === 0 ? 'all rows' : `${each.toLocaleString()} rows`}
              </option>
            ))}
          </Select>
          <span className={styles.end} />
          <span className={styles.narrow}>
            <Button small icon="list" onClick={() => setListing(true)}>
              Library
            </Button>
          </span>
          {mayWork && (
            <>
              <Button small onClick={() => setAssisting(true)}>
                Assistant
              </Button>
              <Button small icon="check" onClick={onSave}>
                Save
              </Button>
            </>
          )}
        </div>
        <div className={styles.editor}>
          <SqlEditor
            key={tab.id}
            ref={editor}
            label="SQL"
            fill
            value={tab.sql}
            placeholder="select * from …"
            names={names.data}
            mark={marks.get(tab.id)}
            onChange={(sql) => act({ kind: 'edit', sql })}
            onRun={(statementOnly) => run('run', statementOnly)}
            onSave={onSave}
          />
        </div>
        <div className={styles.output}>
          <Results key={tab.id} outcome={outcome} busy={busy} />
        </div>
      </div>
      {warned && (
        <Confirm title="Run this?" action="Run it" onConfirm={warned.go} onClose={() => setWarned(undefined)}>
          <p>What it does cannot be taken back:</p>
          <ul className={styles.assistant}>
            {warned.warnings.map((warning) => (
              <li key={warning}>
                <code>{warning}</code>
              </li>
            ))}
          </ul>
        </Confirm>
      )}
      {closing !== undefined && (
        <Confirm
          title="Close without saving?"
          action="Close"
          onConfirm={() => close(closing)}
          onClose={() => setClosing(undefined)}
        >
          <p>What stands in it is lost.</p>
        </Confirm>
      )}
      {saving && (
        <PathDialog
          title="Save as a snippet"
          action="Save"
          path={titleOf(tab).startsWith('Query ') ? '' : titleOf(tab)}
          onChoose={(target) => void save(target)}
          onClose={() => setSaving(false)}
        />
      )}
      {assisting && (
        <Assistant
          sql={tab.sql}
          error={failure instanceof ApiError ? (failure.formatted ?? failure.message) : ''}
          onTake={(sql) => {
            act({ kind: 'edit', sql });
            setAssisting(false);
          }}
          onClose={() => setAssisting(false)}
        />
      )}
      {listing && (
        <Sheet title="Library" onClose={() => setListing(false)}>
          {library}
        </Sheet>
      )}
    </div>
  );
}
