import { setTimeout as sleep } from 'node:timers/promises';
import openapiTypescript, { astToString, type OpenAPI3 } from 'openapi-typescript';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

const stack = sharedStack();
const root = (path = '', headers: Record<string, string> = {}) =>
  fetch(`${stack.url}/rest/v1/${path}`, { headers: { apikey: stack.env.serviceKey, ...headers } });

beforeAll(async () => {
  await runSql(
    stack,
    `do $$ begin create type described_mood as enum ('sad', 'ok'); exception when duplicate_object then null; end $$;
     create table if not exists described (id bigint primary key generated always as identity, title text not null,
       note text, tags text[], extra jsonb, mood described_mood, parent bigint references described);
     create table if not exists "described odd name" (id int primary key, "a b" text);
     create or replace function described_sum(a int, b int default 2) returns int immutable language sql as 'select a + b';
     grant all on described, "described odd name" to anon, service_role;
     notify pgrst, 'reload schema'`,
  );
  const deadline = performance.now() + 20_000;
  while ((await (await root()).text()).includes('"/described odd name"') === false) {
    if (performance.now() > deadline) throw new Error('the table does not appear');
    await sleep(50);
  }
});

/** Type errors of a program that uses the generated types. */
function typeErrors(generated: string, use: string): string[] {
  const files: Record<string, string> = { '/types.ts': generated, '/use.ts': use };
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    types: [],
    skipLibCheck: true,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, version) =>
    files[name] === undefined
      ? getSourceFile.call(host, name, version)
      : ts.createSourceFile(name, files[name], version);
  host.fileExists = (name) => files[name] !== undefined || fileExists.call(host, name);
  host.readFile = (name) => files[name] ?? readFile.call(host, name);
  const program = ts.createProgram(['/use.ts'], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('the description', () => {
  test('is OpenAPI 2.0, as upstream, unless another is asked for', async () => {
    const answer = await root();
    expect(answer.headers.get('content-type')).toBe('application/openapi+json; charset=utf-8');
    expect(await answer.json()).toMatchObject({ swagger: '2.0', paths: { '/described': expect.anything() as object } });
    expect(await (await root('?openapi=2')).json()).toMatchObject({ swagger: '2.0' });
  });

  test.each<[string, string, Record<string, string>]>([
    ['by query', '?openapi=3', {}],
    ['by media type', '', { accept: 'application/openapi+json;version=3.0' }],
    ['by the older media type', '', { accept: 'application/vnd.oai.openapi+json; version=3.0.3' }],
  ])('is OpenAPI 3.0 when asked for %s', async (_, path, headers) => {
    const answer = await root(path, headers);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'application/openapi+json;version=3.0; charset=utf-8',
    ]);
    expect(await answer.json()).toMatchObject({ openapi: '3.0.3', servers: [{ url: `${stack.url}/rest/v1` }] });
  });

  test('becomes types by openapi-typescript, which fit the rows', async () => {
    const document = (await (await root('?openapi=3')).json()) as OpenAPI3;
    const generated = astToString(await openapiTypescript(document, { silent: true }));
    const use = (...rows: readonly string[]) => `
      import type { components, paths } from './types';
      type Row = components['schemas']['described'];
      type Sum = NonNullable<paths['/rpc/described_sum']['post']['requestBody']>['content']['application/json'];
      export const odd: components['schemas']['described_20odd_20name'] = { id: 1, 'a b': null };
      export const sum: Sum = { a: 1 };
      ${rows.map((row, index) => `export const row${index}: Row = ${row};`).join('\n')}`;
    const good = `{ id: 1, title: 'x', note: null, tags: ['a'], extra: { any: 1 }, mood: 'ok', parent: null }`;
    expect(typeErrors(generated, use(good))).toEqual([]);
    const wrong = [
      `{ id: 1, title: null }`,
      `{ id: 1, title: 'x', mood: 'angry' }`,
      `{ id: 1, title: 'x', nothing: 1 }`,
    ];
    expect(typeErrors(generated, use(...wrong))).toHaveLength(wrong.length);
  });
});
