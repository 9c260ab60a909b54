import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useMay } from '../../data/session.ts';
import { Badge } from '../../design/badge.tsx';
import { Button } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { SelectField, TextArea, TextField } from '../../design/field.tsx';
import { Card } from '../../design/layout.tsx';
import { ErrorBox, Note } from '../../design/states.tsx';
import { callFunction } from './data.ts';
import styles from './page.module.css';

/** Calls a function and shows what it answers. */
export function Tester({ slug }: { readonly slug: string }) {
  const may = useMay('developer');
  const [method, setMethod] = useState('POST');
  const [path, setPath] = useState('');
  const [body, setBody] = useState('{ "name": "Ann" }');
  const call = useMutation({ mutationFn: () => callFunction(slug, { method, path, body }) });
  if (!may) return <Note>Developers and owners call functions here.</Note>;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    call.mutate();
  };
  return (
    <div className={styles.main}>
      <form className={styles.form} onSubmit={submit}>
        <div className={styles.bar}>
          <SelectField label="Method" value={method} onChange={(event) => setMethod(event.currentTarget.value)}>
            {['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((each) => (
              <option key={each}>{each}</option>
            ))}
          </SelectField>
          <div className={styles.grow}>
            <TextField
              label="Path behind the name"
              placeholder="/rest?query=1"
              pattern="[/?].*"
              value={path}
              onChange={(event) => setPath(event.currentTarget.value)}
            />
          </div>
        </div>
        {method !== 'GET' && (
          <TextArea label="Body (JSON)" value={body} onChange={(event) => setBody(event.currentTarget.value)} />
        )}
        <div>
          <Button kind="primary" type="submit" icon="zap" disabled={call.isPending}>
            {call.isPending ? 'Calling…' : 'Call'}
          </Button>
        </div>
      </form>
      {call.error && <ErrorBox error={call.error} />}
      {call.data && (
        <Card
          title="Answer"
          about={`in ${Math.round(call.data.time)} ms, asked with the key of the server`}
          actions={<Badge kind={call.data.status < 400 ? 'good' : 'bad'}>{call.data.status}</Badge>}
        >
          <CodeBlock code={call.data.body === '' ? '(empty)' : call.data.body} label="Body of the answer" />
          <CodeBlock
            code={call.data.headers.map(([name, value]) => `${name}: ${value}`).join('\n')}
            label="Headers of the answer"
          />
        </Card>
      )}
    </div>
  );
}
