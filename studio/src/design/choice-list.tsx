import { useState } from 'react';
import styles from './choice-list.module.css';
import { Checkbox, Input } from './field.tsx';

/** So many are seen at a glance; more are searched. */
const glance = 10;
const most = 200;

/** Some of many, to tick: what is ticked comes first when the list is opened. */
export function ChoiceList<T extends string>({
  legend,
  options,
  chosen,
  none = 'There are none.',
  onChange,
}: {
  readonly legend: string;
  readonly options: readonly T[];
  readonly chosen: readonly T[];
  /** Said where there are no options. */
  readonly none?: string;
  readonly onChange: (chosen: readonly T[]) => void;
}) {
  const [text, setText] = useState('');
  const wanted = text.toLowerCase();
  const all = [...new Set([...options, ...chosen])];
  const found = all.filter((option) => option.toLowerCase().includes(wanted));
  return (
    <fieldset className={styles.list}>
      <legend>{legend}</legend>
      {all.length === 0 && <p>{none}</p>}
      {all.length > glance && (
        <Input
          type="search"
          aria-label={`Search: ${legend}`}
          placeholder="Search…"
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
      )}
      <div className={styles.options}>
        {found.slice(0, most).map((option) => (
          <Checkbox
            key={option}
            label={option}
            checked={chosen.includes(option)}
            onChange={({ currentTarget }) =>
              onChange(currentTarget.checked ? [...chosen, option] : chosen.filter((each) => each !== option))
            }
          />
        ))}
      </div>
      {found.length > most && <p>{`The first ${most} of ${found.length}; search for the others.`}</p>}
    </fieldset>
  );
}
