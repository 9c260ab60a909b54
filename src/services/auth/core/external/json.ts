/** A value out of an answer whose shape is not known. */
export type Json = unknown;

/** The member at a path of keys divided by dots (`data.0.email`), or undefined. */
export function at(json: Json, path: string): Json {
  let value = json;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** The member at a path as text: numbers are written out, anything else is empty. */
export function textAt(json: Json, path: string): string {
  const value = at(json, path);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' ? value.replaceAll('\0', '') : '';
}

/** Whether the member at a path says yes: `true`, `"true"`, 1 or `"1"`. */
export function flagAt(json: Json, path: string): boolean {
  const value = at(json, path);
  return value === true || value === 1 || value === 'true' || value === '1';
}

/** The list at a path; empty when there is none. */
export function listAt(json: Json, path: string): readonly Json[] {
  const value = path === '' ? json : at(json, path);
  return Array.isArray(value) ? value : [];
}
