import { type FormEvent, useEffect, useRef, useState } from 'react';
import { type Answer, isBodiless, mostShown } from '../../data/call.ts';
import { readHeaders } from '../../data/headers.ts';
import { useMay } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { SelectField, TextArea, TextField } from '../../design/field.tsx';
import { Card } from '../../design/layout.tsx';
import { ErrorBox, Note } from '../../design/states.tsx';
import { type Caller, callers, callFunction } from './call.ts';
import styles from './page.module.css';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** Calls a function and shows what it answers, as it comes. */
export function Tester({ slug }: { readonly slug: string }) {
  const may = useMay('developer');
  const [as, setAs] = useState<Caller>('service');
  const [method, setMethod] = useState('POST');
  const [path, setPath] = useState('');
  const [headers, setHeaders] = useState('');
  const [body, setBody] = useState('{ "name": "Ann" }');
  const call = useCall(slug);
  if (!may) return <Note>Developers and owners call functions here.</Note>;
  const written = readHeaders(headers);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (written.problem === undefined) call.start({ as, method, path, headers: written.headers, body });
  };
  return (
    <div className={styles.test}>
      <form className={styles.form} onSubmit={submit}>
        <div className={styles.bar}>
          <SelectField label="Method" value={method} onChange={(event) => setMethod(event.currentTarget.value)}>
            {methods.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </SelectField>
          <div className={styles.grow}>
            <TextField
              label="Path behind the name"
              placeholder="/rest?query=1"
              pattern="[/?].*"
              title="Begins with / or ?"
              value={path}
              onChange={(event) => setPath(event.currentTarget.value)}
            />
          </div>
        </div>
        <SelectField label="Call as" value={as} onChange={(event) => setAs(event.currentTarget.value as Caller)}>
          {Object.entries(callers).map(([each, name]) => (
            <option key={each} value={each}>
              {name}
            </option>
          ))}
        </SelectField>
        <TextArea
          label="Headers"
          rows={2}
          placeholder="x-name: value"
          hint="One on a line"
          problem={written.problem}
          value={headers}
          onChange={(event) => setHeaders(event.currentTarget.value)}
        />
        {!isBodiless(method) && (
          <TextArea
            label="Body"
            rows={5}
            hint="JSON unless a header content-type says otherwise"
            value={body}
            onChange={(event) => setBody(event.currentTarget.value)}
          />
        )}
        <div className={styles.bar}>
          <Button kind="primary" type="submit" icon="zap" disabled={call.isRunning || written.problem !== undefined}>
            {call.isRunning ? 'Calling…' : 'Call'}
          </Button>
          {call.isRunning && (
            <Button icon="stop" onClick={call.stop}>
              Stop
            </Button>
          )}
        </div>
      </form>
      <div className={styles.main}>
        {call.error !== undefined && <ErrorBox error={call.error} />}
        {call.answer ? (
          <AnswerCard answer={call.answer} />
        ) : (
          call.error === undefined && <Note>The answer is shown here, as it comes.</Note>
        )}
      </div>
    </div>
  );
}

function AnswerCard({ answer }: { readonly answer: Answer }) {
  const { status, headers, body, first, total, state } = answer;
  const about = {
    coming: `after ${Math.round(first)} ms; more may come`,
    done: `in ${Math.round(total)} ms, its beginning after ${Math.round(first)} ms`,
    cut: `The first ${mostShown.toLocaleString()} characters; the rest was not waited for.`,
    stopped: `stopped after ${Math.round(total)} ms`,
  }[state];
  return (
    <Card
      title="Answer"
      about={about}
      actions={<Badge kind={status >= 500 ? 'bad' : status >= 400 ? 'wait' : 'good'}>{status}</Badge>}
    >
      <div className={styles.main}>
        <CodeBlock code={body === '' ? '(empty)' : body} label="Body of the answer" />
        <CodeBlock
          code={headers.map(([name, value]) => `${name}: ${value}`).join('\n')}
          label="Headers of the answer"
        />
      </div>
    </Card>
  );
}

/** One call at a time; it ends with the view. */
function useCall(slug: string) {
  const [answer, setAnswer] = useState<Answer>();
  const [error, setError] = useState<unknown>();
  const [isRunning, setRunning] = useState(false);
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  function start(request: Parameters<typeof callFunction>[1]): void {
    const own = new AbortController();
    running.current = own;
    setAnswer(undefined);
    setError(undefined);
    setRunning(true);
    callFunction(slug, request, setAnswer, own.signal)
      .catch((thrown: unknown) => {
        if (!own.signal.aborted) setError(thrown);
      })
      .finally(() => setRunning(false));
  }
  function stop(): void {
    running.current?.abort();
    setAnswer((last) => last && { ...last, state: 'stopped' });
  }
  return { answer, error, isRunning, start, stop };
}
