import { buildSchema, introspectionFromSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { type Dashboard, openDashboard } from '../support/dashboard.ts';
import { connectDatabase, runSql } from '../support/sql.ts';
import { type Stack, startStack } from '../support/stack.ts';

// The GraphQL page in Chromium. The embedded database has no pg_graphql, so a function stands in for the extension's
// `graphql.resolve` here, in a database of this file's own: it tells its schema, and otherwise who asked for what. What is
// tested is the page and the way there, not GraphQL.
const schema = introspectionFromSchema(
  buildSchema(`
    "A book of the shelf"
    type Book { title: String! }
    type Query { me: String!, given(name: String): String, books(first: Int = 10): [Book!]! }
    type Mutation { rename(title: String!): Book }
  `),
);
const standIn = `create function graphql.resolve(query text, variables jsonb default '{}', "operationName" text default null, extensions jsonb default null)
returns jsonb language sql stable as $resolve$
  select case
    when query like '%__schema%' then $json$${JSON.stringify({ data: schema })}$json$::jsonb
    when query like '%nothingSuch%' then '{"errors": [{"message": "Unknown field nothingSuch", "locations": [{"line": 1, "column": 3}]}]}'
    else jsonb_build_object('data', jsonb_build_object('me', concat(current_user, ' ', current_setting('request.jwt.claims')::jsonb ->> 'email'),
      'variables', variables, 'operation', "operationName", 'header', current_setting('request.headers')::jsonb ->> 'x-mark'))
  end
$resolve$`;

describe.skipIf(!hasBrowser)('GraphQL', () => {
  let stack: Stack;
  let dashboard: Dashboard;
  beforeAll(async () => {
    stack = await startStack({
      env: { SERVICES: 'db,gateway,auth,rest,meta,studio', ENABLE_EMAIL_AUTOCONFIRM: 'true' },
    });
    dashboard = await openDashboard(stack);
  });
  afterAll(async () => {
    await dashboard?.close();
    await stack?.stop();
  });

  test('is asked as anybody, completed and looked up where the database speaks it, and not shown elsewhere', async () => {
    const without = await dashboard.open();
    await without.page.getByRole('link', { name: 'API docs', exact: true }).waitFor();
    expect(await without.page.getByRole('link', { name: 'GraphQL', exact: true }).count()).toBe(0);
    await without.page.goto('/graphql');
    await without.page.getByText('This database does not speak GraphQL').waitFor();
    expect(await without.axe()).toEqual([]);
    expect(without.problems).toEqual([]);
    await without.context.close();

    const admin = await connectDatabase(stack, 'supabase_admin');
    await admin.query(standIn).finally(() => admin.end());
    // REST has to have heard of it.
    const answers = async () => {
      const answer = await fetch(`${stack.url}/graphql/v1`, {
        method: 'POST',
        headers: { apikey: stack.env.serviceKey, 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ me }' }),
      });
      return answer.json();
    };
    await expect.poll(answers, { timeout: 20_000 }).toMatchObject({ data: { me: 'service_role ' } });
    const signedUp = await fetch(`${stack.url}/auth/v1/signup`, {
      method: 'POST',
      headers: { apikey: stack.env.anonKey, 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'gustav@example.com', password: 'a password for gustav' }),
    });
    expect(signedUp.status).toBe(200);

    const { page, context, problems, axe } = await dashboard.open();
    const refused: Promise<string>[] = [];
    page.on('response', (response) => {
      if (response.status() >= 400) refused.push(response.text().then((text) => `${response.url()}: ${text}`));
    });
    const answer = page.getByRole('region', { name: 'Answer in JSON' });
    const editor = page.getByRole('textbox', { name: 'GraphQL', exact: true });
    const write = async (text: string) => {
      await editor.click();
      await page.keyboard.press('Control+a');
      await page.keyboard.press('Delete');
      await page.keyboard.insertText(text);
    };
    await page.getByRole('link', { name: 'GraphQL', exact: true }).click();
    await write('{ me }');
    await page.keyboard.press('Control+Enter');
    await answer.filter({ hasText: '"me": "service_role "' }).waitFor();
    expect(await axe()).toEqual([]);

    await page.getByLabel('Run as', { exact: true }).selectOption('user');
    await page.getByRole('button', { name: 'gustav@example.com', exact: true }).click();
    await page.getByLabel('Variables', { exact: true }).fill('{ "name": "ink" }');
    await page.getByLabel('Headers', { exact: true }).fill('x-mark: blue');
    await write('query One { me } query Two($name: String) { given(name: $name) }');
    await page.getByLabel('Operation', { exact: true }).selectOption('Two');
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await answer.filter({ hasText: '"me": "authenticated gustav@example.com"' }).waitFor();
    for (const text of ['"name": "ink"', '"operation": "Two"', '"header": "blue"'])
      expect(await answer.textContent()).toContain(text);
    expect(await runSql(stack, 'select count(*)::int as sessions from auth.sessions')).toEqual([{ sessions: 1 }]);

    await write('{ nothingSuch }');
    await page.locator('.cm-lintRange-error').first().waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByText('Unknown field nothingSuch (line 1, column 3)').waitFor();
    await write('{ boo');
    await page.keyboard.press('Control+Space');
    await page.getByRole('option', { name: /^books/ }).waitFor();
    await page.keyboard.press('Escape');

    await write('mutation { rename(title: "x") { title } }');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('dialog', { name: 'Change data?' }).getByRole('button', { name: 'Cancel' }).click();

    await page.getByRole('button', { name: 'Schema', exact: true }).click();
    await page.getByRole('searchbox', { name: 'Search types and fields' }).fill('titl');
    await page.getByRole('button', { name: 'Book', exact: true }).click();
    await page.getByText('A book of the shelf').waitFor();
    expect(page.url()).toContain('/graphql?type=Book');
    expect(await axe()).toEqual([]);
    await page.getByRole('dialog', { name: 'Schema' }).getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'History', exact: true }).click();
    await page.getByRole('button', { name: /^One/ }).click();
    await editor.filter({ hasText: 'query Two' }).waitFor();
    expect(await Promise.all(refused)).toEqual([]);
    expect(problems).toEqual([]);
    await context.close();
  });
});
