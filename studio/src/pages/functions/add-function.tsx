import { type FormEvent, useState } from 'react';
import { Button } from '../../design/button.tsx';
import { CodeBlock } from '../../design/code-block.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { SelectField, TextField } from '../../design/field.tsx';
import { ErrorBox } from '../../design/states.tsx';
import { createFunction, useFunctionChange, useFunctions } from './data.ts';
import styles from './page.module.css';
import { nameProblem } from './paths.ts';
import { functionTemplates } from './templates.ts';

/** Makes a function from a template. */
export function AddFunction({
  onAdded,
  onClose,
}: {
  readonly onAdded: (name: string) => void;
  readonly onClose: () => void;
}) {
  const functions = useFunctions();
  const [name, setName] = useState('');
  const [template, setTemplate] = useState(0);
  const code = functionTemplates[template]?.code ?? '';
  const add = useFunctionChange(
    () => createFunction(name, code),
    () => onAdded(name),
  );
  const problem =
    name === ''
      ? undefined
      : nameProblem(
          name,
          (functions.data ?? []).map(({ slug }) => slug),
        );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (functions.data && problem === undefined) add.mutate();
  };
  return (
    <Dialog
      wide
      title="New function"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            type="submit"
            form="function"
            disabled={add.isPending || !functions.data || problem !== undefined}
          >
            Deploy
          </Button>
        </>
      }
    >
      <form id="function" className={styles.form} onSubmit={submit}>
        <TextField
          label="Name"
          required
          autoComplete="off"
          hint="It stands in the address: /functions/v1/name"
          problem={problem}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <SelectField
          label="Begin with"
          value={template}
          onChange={(event) => setTemplate(Number(event.currentTarget.value))}
        >
          {functionTemplates.map(({ title }, index) => (
            <option key={title} value={index}>
              {title}
            </option>
          ))}
        </SelectField>
        <CodeBlock code={code} label="index.ts" />
      </form>
      {add.error && <ErrorBox error={add.error} />}
    </Dialog>
  );
}
