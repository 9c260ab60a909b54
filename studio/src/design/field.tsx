import {
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type SelectHTMLAttributes,
  type TextareaHTMLAttributes,
  useId,
} from 'react';
import { classes } from './classes.ts';
import styles from './field.module.css';

interface Described {
  readonly label: string;
  readonly hint?: ReactNode;
  /** What is wrong with the value. */
  readonly problem?: string | undefined;
}

function Field({
  label,
  hint,
  problem,
  render,
}: Described & {
  readonly render: (props: {
    id: string;
    'aria-describedby': string | undefined;
    'aria-invalid': true | undefined;
  }) => ReactNode;
}) {
  const id = useId();
  const described = hint || problem ? `${id}-about` : undefined;
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      {render({ id, 'aria-describedby': described, 'aria-invalid': problem ? true : undefined })}
      {described && (
        <div id={described}>
          {problem && (
            <p className={styles.problem} role="alert">
              {problem}
            </p>
          )}
          {hint && <p className={styles.hint}>{hint}</p>}
        </div>
      )}
    </div>
  );
}

/** A line of text with its label. */
export function TextField({
  label,
  hint,
  problem,
  ...rest
}: Described & InputHTMLAttributes<HTMLInputElement> & { readonly ref?: Ref<HTMLInputElement> }) {
  return (
    <Field
      label={label}
      hint={hint}
      problem={problem}
      render={(props) => <input {...rest} {...props} className={styles.control} />}
    />
  );
}

/** Several lines of text with their label. */
export function TextArea({ label, hint, problem, ...rest }: Described & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <Field
      label={label}
      hint={hint}
      problem={problem}
      render={(props) => <textarea spellCheck={false} {...rest} {...props} className={styles.control} />}
    />
  );
}

/** A choice of few, with its label. */
export function SelectField({ label, hint, problem, ...rest }: Described & SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <Field
      label={label}
      hint={hint}
      problem={problem}
      render={(props) => <select {...rest} {...props} className={styles.control} />}
    />
  );
}

/** A bare input whose label stands elsewhere, by `aria-label`. */
export function Input({
  className,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { readonly ref?: Ref<HTMLInputElement> }) {
  return <input {...rest} className={classes(styles.control, className)} />;
}

/** A bare choice whose label stands elsewhere, by `aria-label`. */
export function Select({ className, ...rest }: SelectHTMLAttributes<HTMLSelectElement>) {
  return <select {...rest} className={classes(styles.control, className)} />;
}

/** Something to tick. */
export function Checkbox({ label, ...rest }: InputHTMLAttributes<HTMLInputElement> & { readonly label: ReactNode }) {
  return (
    <label className={styles.check}>
      <input type="checkbox" {...rest} />
      <span>{label}</span>
    </label>
  );
}
