/** A media type; type and subtype in lower case, parameters as they were written. */
export interface MediaType {
  readonly name: string;
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

const plain = (name: string): MediaType => ({ name, parameters: [] });

/** Media types the server knows by itself. */
export const mediaTypes = {
  any: plain('*/*'),
  json: plain('application/json'),
  csv: plain('text/csv'),
  openapi: plain('application/openapi+json'),
} as const;

/** Reads one media type. Never throws: what makes no sense is a type nobody has. */
export function parseMediaType(text: string): MediaType {
  const semicolon = text.indexOf(';');
  if (semicolon < 0) return plain(text.trim().toLowerCase());
  const parameters: (readonly [string, string])[] = [];
  for (const part of splitParameters(text.slice(semicolon + 1))) {
    const equals = part.indexOf('=');
    if (equals > 0)
      parameters.push([part.slice(0, equals).trim().toLowerCase(), unquote(part.slice(equals + 1).trim())]);
  }
  return { name: text.slice(0, semicolon).trim().toLowerCase(), parameters };
}

// A semicolon inside quotes belongs to the value: `for="text/xml; charset=x"`.
function splitParameters(text: string): string[] {
  return text.match(/(?:"[^"]*"|[^;"])+/g) ?? [];
}

function unquote(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

/** The value of a parameter. */
export const parameterOf = (type: MediaType, name: string): string | undefined =>
  type.parameters.find(([known]) => known === name)?.[1];

/** A media type as an error message or header shows it. */
export function printMediaType({ name, parameters }: MediaType): string {
  return parameters.length === 0 ? name : `${name};${parameters.map(([key, value]) => `${key}=${value}`).join(';')}`;
}

const anything: readonly MediaType[] = [mediaTypes.any];
const onlyJson: readonly MediaType[] = [mediaTypes.json];

/**
 * The wanted types, best first: by quality, then by how much they say (parameters count, wildcards count against),
 * then as they were written (PostgREST 14 docs, "Resource Representation").
 */
export function parseAccept(header: string | undefined): readonly MediaType[] {
  if (header === undefined || header === '*/*') return anything;
  if (header === 'application/json') return onlyJson;
  const wanted = header.split(',').map((part, index) => {
    const [text, quality] = cutQuality(part.replaceAll(' ', ''));
    return { type: parseMediaType(text), quality, weight: weightOf(text), index };
  });
  wanted.sort((a, b) => b.quality - a.quality || b.weight - a.weight || a.index - b.index);
  return wanted.map(({ type }) => type);
}

function cutQuality(text: string): [rest: string, quality: number] {
  const at = text.indexOf(';q=');
  if (at < 0) return [text, 1];
  const quality = Number.parseFloat(text.slice(at + 3));
  return [text.slice(0, at), Number.isNaN(quality) ? 1 : quality];
}

function weightOf(text: string): number {
  let weight = 0;
  for (const char of text) weight += char === ';' ? 1 : char === '*' ? -1 : 0;
  return weight;
}
