import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type Answer, call } from '../../../data/call.ts';
import { Badge } from '../../../design/badge.tsx';
import { Button } from '../../../design/button.tsx';
import { CodeBlock } from '../../../design/code-block.tsx';
import { Confirm } from '../../../design/dialog.tsx';
import { SelectField, TextArea, TextField } from '../../../design/field.tsx';
import { ErrorBox, Note } from '../../../design/states.tsx';
import styles from '../../../policies/policies.module.css';
import { type ActAs, callerOf } from '../../../sql/act-as.ts';
import type { GuardedTable, Policy } from '../../../sql/policies.ts';
import { headersOf, isAbout, pathOf, type RequestMethod, reads, requestMethods } from '../../../sql/request.ts';
import { readObject } from '../users/metadata.ts';
import { type Simulated, simulate } from './data.ts';
import { Outcome } from './outcome.tsx';

interface Sent {
  readonly answer: Answer;
  /** What decided; undefined where that cannot be told. */
  readonly judged: Simulated | undefined;
  readonly reads: boolean;
}

/** Sends a request of the REST API as somebody, as their own application would. What it changes stays changed. */
export function RealRequest({
  table,
  policies,
  as,
}: {
  readonly table: Pick<GuardedTable, 'schema' | 'name'>;
  readonly policies: readonly Policy[];
  readonly as: ActAs;
}) {
  const [method, setMethod] = useState<RequestMethod>('GET');
  const [path, setPath] = useState(() => pathOf(table.name, 'GET'));
  const [body, setBody] = useState('');
  const [prefer, setPrefer] = useState('');
  const [asking, setAsking] = useState(false);
  const send = useMutation({
    async mutationFn(): Promise<Sent> {
      const attempt = requestMethods[method];
      // Before it is sent: afterwards the rows are others.
      const judged = isAbout(path, table.name)
        ? await simulate(
            { schema: table.schema, table: table.name, as, attempt, values: objectOf(method, body) ?? {} },
            policies,
          ).catch(() => undefined)
        : undefined;
      let answer: Answer | undefined;
      await call(
        `rest${path}`,
        { method, headers: headersOf(method, table.schema, prefer), body, as: callerOf(as) },
        (next) => {
          answer = next;
        },
        AbortSignal.timeout(60_000),
      );
      if (!answer) throw new Error('The server did not answer');
      return {
        answer,
        judged: judged?.request.attempt === 'insert' && !objectOf(method, body) ? undefined : judged,
        reads: reads(method),
      };
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reads(method)) send.mutate();
    else setAsking(true);
  };
  return (
    <div className={styles.form}>
      <form className={styles.form} onSubmit={submit}>
        <div className={styles.row}>
          <SelectField
            label="Method"
            value={method}
            onChange={({ currentTarget }) => {
              const next = currentTarget.value as RequestMethod;
              if (path === pathOf(table.name, method)) setPath(pathOf(table.name, next));
              setMethod(next);
            }}
          >
            {Object.keys(requestMethods).map((each) => (
              <option key={each}>{each}</option>
            ))}
          </SelectField>
          <TextField
            label="Prefer"
            placeholder="return=representation"
            value={prefer}
            onChange={({ currentTarget }) => setPrefer(currentTarget.value)}
          />
        </div>
        <TextField
          label="Path below /rest/v1"
          required
          pattern="/.*"
          title="Begins with /"
          value={path}
          onChange={({ currentTarget }) => setPath(currentTarget.value)}
        />
        {(method === 'POST' || method === 'PATCH') && (
          <TextArea
            label="Body (JSON)"
            placeholder={'{ "title": "Try it" }'}
            value={body}
            onChange={({ currentTarget }) => setBody(currentTarget.value)}
          />
        )}
        <div>
          <Button kind="primary" type="submit" icon="zap" disabled={send.isPending}>
            Send
          </Button>
        </div>
      </form>
      {send.error && <ErrorBox error={send.error} />}
      {send.data && <SentView sent={send.data} />}
      {asking && (
        <Confirm
          title="Send it for real?"
          action="Send it"
          onClose={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false);
            send.mutate();
          }}
        >
          <p>
            {method} {path} changes rows as {as.kind === 'user' ? as.email || as.id : as.kind}, and what it changes
            stays changed.
          </p>
        </Confirm>
      )}
    </div>
  );
}

function SentView({ sent: { answer, judged, reads: wasRead } }: { readonly sent: Sent }) {
  const { status, headers, body, total } = answer;
  return (
    <section className={styles.form} aria-label="Answer">
      <div className={styles.status} role="status">
        <Badge kind={status >= 400 ? 'bad' : 'good'}>{status}</Badge>
        {describeBody(body)} in {Math.round(total).toLocaleString()} ms{wasRead && '; nothing was changed'}
      </div>
      <CodeBlock code={body === '' ? '(empty)' : pretty(body)} label="Body of the answer" />
      <details>
        <summary>Headers</summary>
        <CodeBlock
          code={headers.map(([name, value]) => `${name}: ${value}`).join('\n')}
          label="Headers of the answer"
        />
      </details>
      {judged ? (
        <details open>
          <summary>{wasRead ? 'What decides, row by row' : 'What decided, row by row, before it was sent'}</summary>
          <Outcome outcome={judged} />
        </details>
      ) : (
        <Note>Which policies decided can be told of requests for the table itself, with one object as their body.</Note>
      )}
    </section>
  );
}

function objectOf(method: RequestMethod, body: string): Readonly<Record<string, unknown>> | undefined {
  if (method !== 'POST' && method !== 'PATCH') return {};
  try {
    return readObject(body);
  } catch {
    return undefined;
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function describeBody(body: string): string {
  const value = parsed(body);
  if (!Array.isArray(value)) return 'answered';
  return `${value.length.toLocaleString()} ${value.length === 1 ? 'row' : 'rows'}`;
}

const pretty = (body: string): string => {
  const value = parsed(body);
  return value === undefined ? body : JSON.stringify(value, null, 2);
};
