import type { ReactNode } from 'react';
import { classes } from '../../design/classes.ts';
import { Checkbox } from '../../design/field.tsx';
import { type LogFilter, logServices, severities, statusClasses } from '../../sql/logs.ts';
import { countOf, type FacetName, type FacetRow } from './facet-counts.ts';
import styles from './page.module.css';

const severityNames = { error: 'Errors', warn: 'Warnings', info: 'Others' } as const;

/** What lines can be narrowed to, with how many there are of each. */
export function Facets({
  rows,
  filter,
  onChange,
}: {
  readonly rows: readonly FacetRow[] | undefined;
  readonly filter: LogFilter;
  readonly onChange: (filter: LogFilter) => void;
}) {
  const count = (facet: FacetName, isOption: (row: FacetRow) => boolean) =>
    rows && countOf(rows, filter, facet, isOption);
  return (
    <div className={styles.facets}>
      <Facet title="Level">
        {severities.map((each) => (
          <Option
            key={each}
            label={severityNames[each]}
            mark={styles[each]}
            count={count('severity', ({ severity }) => severity === each)}
            chosen={filter.severity === each}
            onToggle={(chosen) => onChange({ ...filter, severity: chosen ? each : undefined })}
          />
        ))}
      </Facet>
      <Facet title="Service">
        {logServices.map(({ key, label, source }) => (
          <Option
            key={key}
            label={label}
            count={count('service', (row) => row.source === source)}
            chosen={filter.service === key}
            onToggle={(chosen) => onChange({ ...filter, service: chosen ? key : undefined })}
          />
        ))}
      </Facet>
      <Facet title="Status">
        {statusClasses.map((each) => (
          <Option
            key={each}
            label={each}
            count={count('status', ({ status }) => status === each.charAt(0))}
            chosen={filter.status === each}
            onToggle={(chosen) => onChange({ ...filter, status: chosen ? each : undefined })}
          />
        ))}
      </Facet>
      <Checkbox
        label="Requests of this dashboard"
        checked={filter.dashboard}
        onChange={(event) => onChange({ ...filter, dashboard: event.currentTarget.checked })}
      />
    </div>
  );
}

function Facet({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <fieldset className={styles.facet}>
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}

function Option({
  label,
  mark,
  count,
  chosen,
  onToggle,
}: {
  readonly label: string;
  readonly mark?: string | undefined;
  readonly count: number | undefined;
  readonly chosen: boolean;
  readonly onToggle: (chosen: boolean) => void;
}) {
  return (
    <button
      type="button"
      aria-pressed={chosen}
      className={classes(styles.option, count === 0 && !chosen && styles.none)}
      onClick={() => onToggle(!chosen)}
    >
      {mark && <span className={classes(styles.mark, mark)} />}
      <span>{label}</span>
      {count !== undefined && <small>{count.toLocaleString()}</small>}
    </button>
  );
}
