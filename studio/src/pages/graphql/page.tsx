import { useEffect, useRef, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import type { Answer } from '../../data/call.ts';
import { readHeaders } from '../../data/headers.ts';
import { useProject } from '../../data/project.ts';
import { useSession } from '../../data/session.ts';
import { useStored } from '../../data/stored.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { Confirm, Sheet } from '../../design/dialog.tsx';
import { Select, TextArea } from '../../design/field.tsx';
import { PageLayout } from '../../design/layout.tsx';
import { EmptyState, ErrorBox, Skeleton } from '../../design/states.tsx';
import { ActAsPicker } from '../../editor/act-as-picker.tsx';
import { GraphqlEditor } from '../../editor/graphql-editor.tsx';
import type { ActAs } from '../../sql/act-as.ts';
import {
  type Asked,
  changes,
  complaintsOf,
  operationsOf,
  type Question,
  readHistory,
  readVariables,
  remembered,
  titleOf,
} from './ask.ts';
import { ask, useSchema } from './data.ts';
import { DocsPanel } from './docs-panel.tsx';
import styles from './page.module.css';

const first: Question = {
  query:
    '# Ctrl+Space completes, Ctrl+Enter asks\n{\n  __schema {\n    queryType {\n      fields {\n        name\n      }\n    }\n  }\n}\n',
  variables: '',
  headers: '',
};

/** The database in GraphQL: `/graphql?query=…&variables=…`; the description of a type: `/graphql?type=…`. */
export function Page() {
  const project = useProject();
  if (project.error) return <ErrorBox error={project.error} retry={() => void project.refetch()} />;
  if (!project.data) return <Skeleton lines={6} />;
  if (!project.data.graphql)
    return (
      <PageLayout title="GraphQL">
        <EmptyState icon="share" title="This database does not speak GraphQL">
          The extension pg_graphql makes it do so. The embedded database does not come with it; an external one may.
        </EmptyState>
      </PageLayout>
    );
  return <Desk />;
}

function Desk() {
  const session = useSession();
  const [, go] = useLocation();
  const address = new URLSearchParams(useSearch());
  const brought = address.get('query');
  const [history, remember] = useStored(`studio.graphql.history.${session.name}`, readHistory, remembered);
  const [question, setQuestion] = useState<Question>(() =>
    brought !== null
      ? { query: brought, variables: address.get('variables') ?? '', headers: '' }
      : (history[0] ?? first),
  );
  const [as, setAs] = useState<ActAs>({ kind: 'service' });
  const [operation, setOperation] = useState<string>();
  const [open, setOpen] = useState<'docs' | 'history' | undefined>(address.has('type') ? 'docs' : undefined);
  const [asking, setAsking] = useState(false);
  const schema = useSchema(as);
  const sending = useSending((asked) => remember(asked));

  const operations = operationsOf(question.query);
  const chosen = operations.length > 1 ? (operations.find((name) => name === operation) ?? operations[0]) : undefined;
  const headers = readHeaders(question.headers);
  const put = (part: Partial<Question>) => setQuestion((all) => ({ ...all, ...part }));
  const send = () => {
    setAsking(false);
    if (headers.problem === undefined) void sending.start(question, as, chosen, headers.headers);
  };
  const run = () => {
    if (sending.isRunning || question.query.trim() === '' || headers.problem !== undefined) return;
    if (changes(question.query, chosen)) setAsking(true);
    else send();
  };
  const openType = (type: string | undefined) =>
    go(type === undefined ? '/graphql' : `/graphql?type=${encodeURIComponent(type)}`, { replace: true });

  return (
    <div className={styles.page}>
      <div className={styles.bar}>
        <h1>GraphQL</h1>
        {sending.isRunning ? (
          <Button small icon="close" onClick={sending.stop}>
            Cancel
          </Button>
        ) : (
          <Button small kind="primary" icon="zap" onClick={run}>
            Ask
          </Button>
        )}
        <ActAsPicker value={as} onChange={(next) => setAs(next ?? { kind: 'anon' })} />
        {operations.length > 1 && (
          <Select
            aria-label="Operation"
            value={chosen}
            onChange={({ currentTarget }) => setOperation(currentTarget.value)}
          >
            {operations.map((name) => (
              <option key={name} value={name}>
                {name === '' ? '(no name)' : name}
              </option>
            ))}
          </Select>
        )}
        <span className={styles.end} />
        <Button small icon="history" onClick={() => setOpen('history')}>
          History
        </Button>
        <Button small icon="book" onClick={() => setOpen('docs')}>
          Schema
        </Button>
      </div>
      <div className={styles.sides}>
        <div className={styles.question}>
          <div className={styles.editor}>
            <GraphqlEditor
              label="GraphQL"
              value={question.query}
              schema={schema.data}
              onChange={(query) => put({ query })}
              onRun={run}
            />
          </div>
          <div className={styles.more}>
            <TextArea
              label="Variables"
              rows={3}
              placeholder={'{ "first": 10 }'}
              value={question.variables}
              onChange={({ currentTarget }) => put({ variables: currentTarget.value })}
            />
            <TextArea
              label="Headers"
              rows={3}
              placeholder="x-name: value"
              problem={headers.problem}
              value={question.headers}
              onChange={({ currentTarget }) => put({ headers: currentTarget.value })}
            />
          </div>
        </div>
        <section className={styles.answer} aria-label="Answer">
          {schema.error && <ErrorBox error={schema.error} retry={() => void schema.refetch()} />}
          {sending.isRunning ? (
            <Skeleton lines={6} />
          ) : sending.error !== undefined ? (
            <ErrorBox error={sending.error} />
          ) : sending.answer ? (
            <AnswerView answer={sending.answer} />
          ) : (
            <EmptyState icon="share" title="Nothing was asked yet">
              <kbd>Ctrl Enter</kbd> asks; <kbd>Ctrl Space</kbd> completes from the schema of whoever asks.
            </EmptyState>
          )}
        </section>
      </div>
      {asking && (
        <Confirm title="Change data?" action="Ask all the same" onConfirm={send} onClose={() => setAsking(false)}>
          <p>The operation is a mutation: what it changes stays changed.</p>
        </Confirm>
      )}
      {open === 'docs' && (
        <Sheet
          title="Schema"
          onClose={() => {
            openType(undefined);
            setOpen(undefined);
          }}
        >
          {schema.data ? (
            <DocsPanel schema={schema.data} type={address.get('type') ?? undefined} onOpen={openType} />
          ) : schema.error ? (
            <ErrorBox error={schema.error} retry={() => void schema.refetch()} />
          ) : (
            <Skeleton lines={6} />
          )}
        </Sheet>
      )}
      {open === 'history' && (
        <Sheet title="Asked before" onClose={() => setOpen(undefined)}>
          {history.length === 0 ? (
            <p>Nothing was asked yet.</p>
          ) : (
            <ul className={styles.history}>
              {history.map((asked) => (
                <li key={asked.at}>
                  <button
                    type="button"
                    onClick={() => {
                      setQuestion(asked);
                      setOpen(undefined);
                    }}
                  >
                    <span>{titleOf(asked)}</span>
                    <small>
                      {new Date(asked.at).toLocaleString()}
                      {!asked.ok && ' · with errors'}
                    </small>
                  </button>
                </li>
              ))}
            </ul>
          )}
        </Sheet>
      )}
    </div>
  );
}

function AnswerView({ answer }: { readonly answer: Answer }) {
  const body = readJson(answer.body);
  const complaints = complaintsOf(body);
  return (
    <>
      <div className={styles.status} role="status">
        <Badge kind={answer.status >= 400 ? 'bad' : complaints.length > 0 ? 'wait' : 'good'}>{answer.status}</Badge>
        in {Math.round(answer.total).toLocaleString()} ms
      </div>
      {complaints.map(({ message, place }) => (
        <ErrorBox
          key={`${message} ${place}`}
          error={new Error(place === undefined ? message : `${message} (${place})`)}
        />
      ))}
      <CodeBlock code={body === undefined ? answer.body : JSON.stringify(body, null, 2)} label="Answer in JSON" />
    </>
  );
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One question at a time; it ends with the page. */
function useSending(remember: (asked: Asked) => void) {
  const [answer, setAnswer] = useState<Answer>();
  const [error, setError] = useState<unknown>();
  const [isRunning, setRunning] = useState(false);
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  return {
    answer,
    error,
    isRunning,
    stop: () => running.current?.abort(),
    async start(
      question: Question,
      as: ActAs,
      operationName: string | undefined,
      headers: Parameters<typeof ask>[3],
    ): Promise<void> {
      const own = new AbortController();
      running.current = own;
      setError(undefined);
      setRunning(true);
      try {
        const variables = readVariables(question.variables);
        const { query } = question;
        const next = await ask({ query, variables, ...(operationName && { operationName }) }, as, own.signal, headers);
        setAnswer(next);
        const ok = next.status < 400 && complaintsOf(readJson(next.body)).length === 0;
        remember({ ...question, at: Date.now(), ok });
      } catch (thrown) {
        setError(own.signal.aborted ? new Error('Cancelled') : thrown);
      } finally {
        setRunning(false);
      }
    },
  };
}
