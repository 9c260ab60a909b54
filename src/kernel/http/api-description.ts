/** An operation of an HTTP API. */
export interface ApiOperation {
  readonly summary: string;
  /** One of the description's `schemes`; undefined: anybody may. */
  readonly access: string | undefined;
  /** One of its `schemas`. */
  readonly body?: string;
  /** By status. */
  readonly answers: Readonly<Record<string, string>>;
}

/** An HTTP API, from which its documents are made. */
export interface ApiDescription {
  readonly title: string;
  readonly version: string;
  /** By path, with `{parameters}`, and method in small letters. */
  readonly operations: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
  readonly schemas: Readonly<Record<string, object>>;
  /** Kinds of bearer tokens, and what makes one. */
  readonly schemes: Readonly<Record<string, string>>;
}

/** The description as a document (OpenAPI 3.0). */
export function openApiOf({ title, version, operations, schemas, schemes }: ApiDescription): object {
  return {
    openapi: '3.0.0',
    info: { title, version },
    paths: Object.fromEntries(
      Object.entries(operations).map(([path, methods]) => [
        path,
        {
          ...parametersOf(path),
          ...Object.fromEntries(Object.entries(methods).map(([method, each]) => [method, operationObject(each)])),
        },
      ]),
    ),
    components: {
      schemas,
      securitySchemes: Object.fromEntries(
        Object.entries(schemes).map(([name, description]) => [
          name,
          { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description },
        ]),
      ),
    },
  };
}

function parametersOf(path: string): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  return names.length === 0
    ? {}
    : { parameters: names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })) };
}

function operationObject({ summary, access, body, answers }: ApiOperation): object {
  return {
    summary,
    ...(access !== undefined && { security: [{ [access]: [] }] }),
    ...(body && {
      requestBody: { content: { 'application/json': { schema: { $ref: `#/components/schemas/${body}` } } } },
    }),
    responses: Object.fromEntries(Object.entries(answers).map(([status, description]) => [status, { description }])),
  };
}

/** Headers under which the page is sent: it loads nothing from anywhere. */
export const apiPageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  'x-content-type-options': 'nosniff',
} as const;

/** The description as a page to read (HTML). */
export function apiPageOf({ title, operations, schemas, schemes }: ApiDescription): string {
  const parts = Object.entries(operations).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, access, body, answers }]) =>
      [
        `<details><summary><b>${method.toUpperCase()}</b> <code>${escaped(path)}</code> ${escaped(summary)}</summary>`,
        `<p>${access === undefined ? 'For anybody.' : `Token: ${escaped(schemes[access] ?? '')}.`}</p>`,
        body ? `<p>Body:</p><pre>${escaped(JSON.stringify(schemas[body], null, 2))}</pre>` : '',
        '<table>',
        ...Object.entries(answers).map(
          ([status, text]) => `<tr><td><b>${status}</b></td><td>${escaped(text)}</td></tr>`,
        ),
        '</table></details>',
      ].join('\n'),
    ),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title>
<style>body{font:16px sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}details{border-top:1px solid #ccc;padding:.5rem 0}td{padding:.1rem .5rem;vertical-align:top}pre{background:#f4f4f4;padding:.5rem;overflow:auto}</style>
</head><body><h1>${escaped(title)}: HTTP API</h1>
${parts.join('\n')}
</body></html>
`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
