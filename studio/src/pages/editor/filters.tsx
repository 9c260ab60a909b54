import { type FormEvent, useState } from 'react';
import { Button, IconButton } from '../../design/button.tsx';
import { Dialog } from '../../design/dialog.tsx';
import { Input, Select } from '../../design/field.tsx';
import { type Filter, type Operator, operators } from '../../sql/filter.ts';
import type { Column } from '../../sql/table.ts';
import styles from './page.module.css';

/** Edits the conditions that rows have to meet. */
export function Filters({
  columns,
  filters,
  onApply,
  onClose,
}: {
  readonly columns: readonly Column[];
  readonly filters: readonly Filter[];
  readonly onApply: (filters: readonly Filter[]) => void;
  readonly onClose: () => void;
}) {
  const fresh: Filter = { column: columns[0]?.name ?? '', operator: 'eq', value: '' };
  const [draft, setDraft] = useState<readonly Filter[]>(filters.length > 0 ? filters : [fresh]);
  const change = (at: number, part: Partial<Filter>) =>
    setDraft(draft.map((each, index) => (index === at ? { ...each, ...part } : each)));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onApply(draft);
  };
  return (
    <Dialog
      title="Filter rows"
      wide
      onClose={onClose}
      actions={
        <>
          <Button kind="quiet" onClick={() => onApply([])}>
            No filter
          </Button>
          <Button kind="primary" type="submit" form="filters">
            Apply
          </Button>
        </>
      }
    >
      <form id="filters" onSubmit={submit} style={{ display: 'grid', gap: 'var(--s2)' }}>
        {draft.map(({ column, operator, value }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they have no other name
          <div key={at} className={styles.filter}>
            <Select
              aria-label="Column"
              value={column}
              onChange={(event) => change(at, { column: event.currentTarget.value })}
            >
              {columns.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
            <Select
              aria-label="Condition"
              value={operator}
              onChange={(event) => change(at, { operator: event.currentTarget.value as Operator })}
            >
              {Object.entries(operators).map(([key, text]) => (
                <option key={key} value={key}>
                  {text}
                </option>
              ))}
            </Select>
            <Input
              aria-label="Value"
              disabled={operator === 'null' || operator === 'notnull'}
              value={value}
              onChange={(event) => change(at, { value: event.currentTarget.value })}
            />
            <IconButton
              icon="close"
              label="Remove this condition"
              onClick={() => setDraft(draft.filter((_, index) => index !== at))}
            />
          </div>
        ))}
        <div>
          <Button small icon="plus" onClick={() => setDraft([...draft, fresh])}>
            Another condition
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
