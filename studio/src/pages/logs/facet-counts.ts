import { type LogFilter, logServices } from '../../sql/logs.ts';

/** How many lines have which facets together. */
export interface FacetRow {
  readonly source: string;
  readonly severity: string;
  /** First digit. */
  readonly status: string | null;
  readonly count: number;
}

/** Whether what is chosen in a facet leaves a row. */
const fits = {
  service: ({ source }: FacetRow, { service }: LogFilter) =>
    service === undefined || logServices.some((each) => each.key === service && each.source === source),
  severity: (row: FacetRow, { severity }: LogFilter) => severity === undefined || row.severity === severity,
  status: (row: FacetRow, { status }: LogFilter) => status === undefined || row.status === status.charAt(0),
};

/** What lines can be narrowed by. */
export type FacetName = keyof typeof fits;

/** How many lines an option of a facet would leave, with what is chosen in the other facets. */
export const countOf = (
  rows: readonly FacetRow[],
  filter: LogFilter,
  facet: FacetName,
  isOption: (row: FacetRow) => boolean,
): number =>
  rows
    .filter(
      (row) =>
        isOption(row) && (Object.keys(fits) as FacetName[]).every((each) => each === facet || fits[each](row, filter)),
    )
    .reduce((sum, { count }) => sum + count, 0);
