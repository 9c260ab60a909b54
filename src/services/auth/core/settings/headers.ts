/** Headers as settings have them: by name, each with its values. @throws Error that says what a right value looks like */
export function headerMap(value: unknown): Readonly<Record<string, readonly string[]>> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap || !Object.values(value).every((v) => Array.isArray(v) && v.every((item) => typeof item === 'string')))
    throw new Error('must be a JSON object whose values are arrays of text');
  return value as Readonly<Record<string, readonly string[]>>;
}
