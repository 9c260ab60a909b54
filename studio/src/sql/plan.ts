/** A step of a query plan. */
export interface PlanNode {
  /** Path of numbers from the root, to name it by. */
  readonly id: string;
  readonly depth: number;
  readonly title: string;
  /** Conditions, keys and the like, as PostgreSQL writes them. */
  readonly details: readonly (readonly [name: string, value: string])[];
  readonly cost: number;
  readonly planned: number;
  /** Undefined where the statement was not run. */
  readonly actual: { readonly rows: number; readonly loops: number; readonly time: number } | undefined;
  /** Part of the whole that is this step's own: of the time where it was run, of the cost otherwise; 0 to 1. */
  readonly share: number;
  /** What looks as if it could be better. */
  readonly notice: string | undefined;
}

/** A plan: its steps from above, and the times in milliseconds. */
export interface Plan {
  readonly nodes: readonly PlanNode[];
  readonly planning: number | undefined;
  readonly execution: number | undefined;
}

type Raw = Readonly<Record<string, unknown>>;

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
const text = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : String(value));
const childrenOf = (raw: Raw): readonly Raw[] => (Array.isArray(raw.Plans) ? (raw.Plans as Raw[]) : []);

/** Reads `explain (format json)`; undefined where it is none. */
export function readPlan(value: unknown): Plan | undefined {
  const top = (Array.isArray(value) ? value[0] : undefined) as Raw | undefined;
  if (top?.Plan === null || typeof top?.Plan !== 'object') return undefined;
  const root = top.Plan as Raw;
  const wasRun = 'Actual Total Time' in root;
  const spent = (raw: Raw): number =>
    wasRun ? number(raw['Actual Total Time']) * Math.max(1, number(raw['Actual Loops'])) : number(raw['Total Cost']);
  const whole = Math.max(spent(root), Number.MIN_VALUE);
  const nodes: PlanNode[] = [];
  const visit = (raw: Raw, id: string, depth: number): void => {
    const children = childrenOf(raw);
    // What is worked out beforehand (InitPlan) belongs to no step's own time, but to the whole.
    const below = children.reduce((sum, child) => sum + spent(child), 0);
    nodes.push({
      id,
      depth,
      title: titleOf(raw),
      details: detailsOf(raw),
      cost: number(raw['Total Cost']),
      planned: number(raw['Plan Rows']),
      actual: wasRun
        ? { rows: number(raw['Actual Rows']), loops: number(raw['Actual Loops']), time: spent(raw) }
        : undefined,
      share: Math.min(1, Math.max(0, spent(raw) - below) / whole),
      notice: noticeOf(raw, wasRun),
    });
    for (const [at, child] of children.entries()) visit(child, `${id}.${at}`, depth + 1);
  };
  visit(root, '0', 0);
  const time = (name: string) => (typeof top[name] === 'number' ? (top[name] as number) : undefined);
  return { nodes, planning: time('Planning Time'), execution: time('Execution Time') };
}

function titleOf(raw: Raw): string {
  const kind = [raw['Join Type'] && raw['Join Type'] !== 'Inner' && text(raw['Join Type']), text(raw['Node Type'])]
    .filter(Boolean)
    .join(' ');
  const on = raw['Relation Name'] ?? raw['CTE Name'] ?? raw['Function Name'] ?? raw['Subplan Name'];
  const by = raw['Index Name'];
  return [kind, on !== undefined && `on ${text(on)}`, by !== undefined && `by ${text(by)}`].filter(Boolean).join(' ');
}

const told = [
  'Index Cond',
  'Recheck Cond',
  'Hash Cond',
  'Merge Cond',
  'Join Filter',
  'Filter',
  'Rows Removed by Filter',
  'Sort Key',
  'Sort Method',
  'Sort Space Type',
  'Group Key',
  'Heap Fetches',
  'Shared Hit Blocks',
  'Shared Read Blocks',
  'Temp Written Blocks',
  'Workers Launched',
];

const detailsOf = (raw: Raw): readonly (readonly [string, string])[] =>
  told.flatMap((name) => (raw[name] === undefined || raw[name] === 0 ? [] : [[name, text(raw[name])] as const]));

function noticeOf(raw: Raw, wasRun: boolean): string | undefined {
  if (!wasRun) return undefined;
  const [planned, rows] = [number(raw['Plan Rows']), number(raw['Actual Rows'])];
  const removed = number(raw['Rows Removed by Filter']);
  if (raw['Node Type'] === 'Seq Scan' && removed > 1_000 && removed > 10 * Math.max(1, rows))
    return 'Reads far more rows than it keeps; an index on the filter may help';
  if (raw['Sort Space Type'] === 'Disk') return 'Sorts on disk; more work_mem or an index may help';
  if (
    number(raw['Actual Loops']) > 0 &&
    Math.max(planned, rows) > 1_000 &&
    Math.max(planned, 1) / Math.max(rows, 1) > 100
  )
    return 'Far fewer rows than planned; ANALYZE may help';
  if (
    number(raw['Actual Loops']) > 0 &&
    Math.max(planned, rows) > 1_000 &&
    Math.max(rows, 1) / Math.max(planned, 1) > 100
  )
    return 'Far more rows than planned; ANALYZE may help';
  return undefined;
}
