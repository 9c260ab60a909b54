import { type FilterTerm, parseFilter } from './filter.ts';

/** An entry of `config.postgres_changes`, read. */
export interface Binding {
  /** `*` stands for any. */
  readonly schema: string;
  readonly table: string;
  readonly event: '*' | 'INSERT' | 'UPDATE' | 'DELETE';
  readonly filters: readonly FilterTerm[];
  /** Columns wished for; undefined: all. */
  readonly select: readonly string[] | undefined;
  /** Equal for bindings that match the same changes in the same way. */
  readonly shape: string;
}

/** What is wrong with an entry, as the client is told. */
export interface BindingFault {
  readonly fault: string;
}

const events = new Set(['INSERT', 'UPDATE', 'DELETE']);

/** Reads an entry (spec §2.1). */
export function parseBinding(entry: unknown): Binding | BindingFault {
  const { schema, table, filter, event, select } = (typeof entry === 'object' && entry !== null ? entry : {}) as Record<
    string,
    unknown
  >;
  const hasSchema = typeof schema === 'string' && schema !== '';
  const hasTable = typeof table === 'string' && table !== '';
  if (!hasSchema && !hasTable)
    return {
      fault: `No subscription params provided. Please provide at least a \`schema\` or \`table\` to subscribe to: ${describe(entry)}`,
    };
  const filters = typeof filter === 'string' && filter.trim() !== '' ? parseFilter(filter) : { terms: [] };
  if ('fault' in filters) return filters;
  const wished = typeof event === 'string' ? event.toUpperCase() : '*';
  const columns = Array.isArray(select) ? select.filter((name): name is string => typeof name === 'string') : undefined;
  const binding = {
    schema: hasSchema ? schema : 'public',
    table: hasTable ? table : '*',
    event: (events.has(wished) ? wished : '*') as Binding['event'],
    filters: filters.terms,
    select: columns && columns.length > 0 ? columns : undefined,
  };
  if (binding.select && (binding.schema === '*' || binding.table === '*'))
    return { fault: `${refusal(binding)} Exception: select is not allowed with a wildcard` };
  return { ...binding, shape: JSON.stringify(binding) };
}

/** Start of the text by which the database's refusals are passed on (spec §2.4). */
export function refusal(binding: Omit<Binding, 'shape'>): string {
  return `Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters: ${parameters(binding)}.`;
}

/** The text for a binding that no published table matches. */
export function notPublished(binding: Binding): string {
  return `Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: ${parameters(binding)}`;
}

function parameters({ event, schema, table, filters, select }: Omit<Binding, 'shape'>): string {
  const terms = filters.map(({ column, operator, value, isNegated }) => {
    const operation = isNegated ? `not.${operator}` : operator;
    return `{${JSON.stringify(column)}, ${JSON.stringify(operation)}, ${JSON.stringify(value)}}`;
  });
  return `[event: ${event}, schema: ${schema}, table: ${table}, filters: [${terms.join(', ')}], select: ${select ? JSON.stringify(select) : '[]'}]`;
}

// A token may stand among the parameters of a client that mixed them up.
function describe(entry: unknown): string {
  const text = JSON.stringify(entry) ?? 'null';
  return /token/i.test(text) ? '<redacted>' : text.slice(0, 500);
}

const idLimit = 1 << 27;

/** Ids of a join's entries: equal for equal entries, different for different ones, from 1 to 2^27 - 1. */
export function bindingIds(entries: readonly unknown[]): number[] {
  const taken = new Map<number, string>();
  return entries.map((entry) => {
    const text = canonical(entry);
    let id = hash(text);
    // Two entries of one join must be told apart, whatever their hashes.
    while (taken.has(id) && taken.get(id) !== text) id = (id % (idLimit - 1)) + 1;
    taken.set(id, text);
    return id;
  });
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${canonical(each)}`).join(',')}}`;
}

/** FNV-1a, 32 bits, folded into 27. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return (value ^ (value >>> 27)) & (idLimit - 1) || 1;
}
