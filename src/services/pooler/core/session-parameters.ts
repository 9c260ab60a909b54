/** Settings that follow a client from backend to backend, by their lower-case name. Only what the server reports can. */
const tracked: ReadonlyMap<string, string> = new Map(
  [
    'application_name',
    'client_encoding',
    'DateStyle',
    'default_transaction_read_only',
    'IntervalStyle',
    'search_path',
    'standard_conforming_strings',
    'TimeZone',
  ].map((name) => [name.toLowerCase(), name]),
);

/** The reported name of a setting that follows the client, undefined for any other. */
export const trackedName = (name: string): string | undefined => tracked.get(name.toLowerCase());

/** An unchangeable set of tracked settings. Equal sets are mostly one object, so that comparing is cheap. */
export interface SessionParameters {
  readonly values: ReadonlyMap<string, string>;
  readonly key: string;
}

/** Makes sets of settings and keeps equal ones once. */
export interface ParameterSets {
  of(values: Iterable<readonly [string, string]>): SessionParameters;
  /** The set with one value changed; the same set for a setting that is not tracked. */
  with(set: SessionParameters, name: string, value: string): SessionParameters;
}

/** Creates a keeper of sets. @param limit sets remembered; beyond it all are forgotten, which costs only time */
export function createParameterSets(limit: number): ParameterSets {
  const known = new Map<string, SessionParameters>();
  function of(values: Iterable<readonly [string, string]>): SessionParameters {
    const kept = [...values].filter(([name]) => trackedName(name) === name).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify(kept);
    const before = known.get(key);
    if (before) return before;
    if (known.size >= limit) known.clear();
    const set = { values: new Map(kept), key };
    known.set(key, set);
    return set;
  }
  return {
    of,
    with(set, name, value) {
      const reported = trackedName(name);
      if (reported === undefined || set.values.get(reported) === value) return set;
      return of(new Map(set.values).set(reported, value));
    },
  };
}

/**
 * The settings in which a session has to be changed before a client gets it, as one statement list; undefined when
 * nothing differs. A setting the client's first server did not report is left as it is.
 */
export function changeStatements(wanted: SessionParameters, has: SessionParameters): string | undefined {
  if (wanted === has || wanted.key === has.key) return undefined;
  const changes: string[] = [];
  for (const [name, value] of wanted.values) {
    const present = has.values.get(name);
    if (present === value || present === undefined) continue;
    changes.push(`SET "${name.toLowerCase()}" TO ${settingLiteral(name, value)}`);
  }
  return changes.length === 0 ? undefined : changes.join(';');
}

// SET takes a list where the setting is one: the reported text of search_path is such a list already.
function settingLiteral(name: string, value: string): string {
  return name === 'search_path' && isIdentifierList(value) ? value || `''` : quote(value);
}

function isIdentifierList(text: string): boolean {
  return /^\s*("([^"\0]|"")*"|[A-Za-z_][\w$]*)(\s*,\s*("([^"\0]|"")*"|[A-Za-z_][\w$]*))*\s*$/.test(text);
}

// Doubled backslashes in E'' mean the same whatever standard_conforming_strings says.
function quote(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}
