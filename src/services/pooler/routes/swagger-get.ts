import type { FastifyReply, FastifyRequest } from '#kernel/http';
import { operations, schemas } from './openapi.ts';

/** `GET /swaggerui`, for anybody: the API's description as a page, which loads nothing from anywhere. */
export function swaggerRoute() {
  const page = renderPage();
  return async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .header('x-content-type-options', 'nosniff')
      .send(page);
}

function renderPage(): string {
  const parts = Object.entries(operations).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary, access, body, answers }]) =>
      [
        `<details><summary><b>${method.toUpperCase()}</b> <code>${escaped(path)}</code> ${escaped(summary)}</summary>`,
        `<p>${access === 'anybody' ? 'For anybody.' : `Token signed with ${access === 'api' ? 'API_JWT_SECRET' : 'METRICS_JWT_SECRET'}.`}</p>`,
        body ? `<p>Body:</p><pre>${escaped(JSON.stringify(schemas[body as keyof typeof schemas], null, 2))}</pre>` : '',
        '<table>',
        ...Object.entries(answers).map(
          ([status, text]) => `<tr><td><b>${status}</b></td><td>${escaped(text)}</td></tr>`,
        ),
        '</table></details>',
      ].join('\n'),
    ),
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Pooler</title>
<style>body{font:16px sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}details{border-top:1px solid #ccc;padding:.5rem 0}td{padding:.1rem .5rem;vertical-align:top}pre{background:#f4f4f4;padding:.5rem;overflow:auto}</style>
</head><body><h1>Pooler: HTTP API</h1>
${parts.join('\n')}
</body></html>
`;
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
