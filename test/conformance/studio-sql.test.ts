import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { type Dashboard, openDashboard } from '../support/dashboard.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// The SQL editor in Chromium.
const stack = sharedStack();

describe.skipIf(!hasBrowser)('the SQL editor', () => {
  let dashboard: Dashboard;
  const table = `sql_${crypto.randomUUID().slice(0, 8)}`;
  beforeAll(async () => {
    dashboard = await openDashboard(stack);
    await runSql(
      stack,
      `create table public.${table} (id int primary key, title text);
       alter table public.${table} enable row level security;
       grant select on public.${table} to anon;
       insert into public.${table} select i, 'row ' || i from generate_series(1, 2000) i`,
    );
  });
  afterAll(async () => {
    await dashboard?.close();
    await runSql(stack, `drop table public.${table}`);
  });
  const address = (sql: string) => `/sql?new=${encodeURIComponent(sql)}`;

  test('SQL is run whole and in part, as others, explained, measured and drawn', async () => {
    const { page, context, problems, axe } = await dashboard.open();
    const editor = page.getByRole('textbox', { name: 'SQL' });
    const run = page.getByRole('button', { name: 'Run', exact: true });
    const status = (text: string | RegExp) => page.getByRole('status').filter({ hasText: text }).waitFor();
    await page.goto(address(`select id, title from ${table} order by id`));
    await editor.click();
    await page.keyboard.press('Control+Enter');
    await status(/1,000 rows in .* the first 1,000 only/);
    await page.getByRole('gridcell', { name: 'row 2', exact: true }).waitFor();
    expect(await axe()).toEqual([]);

    await page.getByLabel('Run as', { exact: true }).selectOption('anon');
    await run.click();
    await status('Done; no rows');
    await page.getByLabel('Run as', { exact: true }).selectOption('own');

    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText(`on ${table}`).first().waitFor();
    await page.goto(address(`delete from ${table} where id <= 1000 returning *`));
    await page.getByRole('button', { name: 'Measure' }).click();
    await page.getByText('and rolled back').waitFor();
    expect(await axe()).toEqual([]);
    expect(await runSql(stack, `select count(*)::int as rows from public.${table}`)).toEqual([{ rows: 2000 }]);

    await page.goto(address('select 1 as first;\nselect 2 as second, 3 as third'));
    await editor.click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.press('Control+Shift+Enter');
    await page.getByRole('columnheader', { name: 'first' }).waitFor();
    await run.click();
    await page.getByRole('columnheader', { name: 'second' }).waitFor();
    await page.getByRole('tab', { name: '1 · select 1 as first', exact: true }).click();
    await page.getByRole('columnheader', { name: 'first' }).waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('tab', { name: /^2 · select 2 as second/ }).click();
    await page.getByRole('button', { name: 'Chart' }).click();
    await page.getByRole('img', { name: 'third by second, 1 values' }).waitFor();
    expect(await axe()).toEqual([]);
    expect(problems).toEqual([]);
    await context.close();
  });

  test('completion knows the tables; mistakes are shown where they are; what cannot be taken back is asked about', async () => {
    const { page, context } = await dashboard.open();
    const editor = page.getByRole('textbox', { name: 'SQL' });
    await page.goto(address('-- look\nselect nothing_such from (select 1) s'));
    await page.getByLabel('Run as', { exact: true }).selectOption('service');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByRole('alert').filter({ hasText: 'LINE 2: select nothing_such' }).waitFor();
    expect(await page.locator('.cm-lintRange-error').textContent()).toBe('nothing_such');
    await page.getByLabel('Run as', { exact: true }).selectOption('own');

    // What came before a mistake is shown all the same, and taken back.
    const insert = `insert into ${table} values (-1, 'gone')`;
    await page.goto(
      address(`${insert};\ndo $$ begin raise notice 'half way'; end $$;\nselect nothing_such from ${table}`),
    );
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByRole('alert').filter({ hasText: 'LINE 3: select nothing_such' }).waitFor();
    await page.getByText('All was one transaction').waitFor();
    await page.getByRole('tab', { name: /^1 · insert/ }).click();
    await page.getByRole('status').filter({ hasText: 'INSERT: 1 row in' }).waitFor();
    await page.getByRole('tab', { name: /^2 · do/ }).click();
    await page.getByText('NOTICE half way').waitFor();
    expect(await runSql(stack, `select id from public.${table} where id < 0`)).toEqual([]);

    await editor.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type(`delete from ${table.slice(0, 8)}`);
    await page.getByRole('option', { name: table }).click();
    expect(await editor.textContent()).toBe(`delete from ${table}`);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    const question = page.getByRole('dialog', { name: 'Run this?' });
    await question.getByText('deletes every row').waitFor();
    await question.getByRole('button', { name: 'Cancel' }).click();
    expect(await runSql(stack, `select count(*)::int as rows from public.${table}`)).toEqual([{ rows: 2000 }]);

    await page.goto(address(`select pg_sleep(600), '${table}'`));
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    const sleeping = () =>
      runSql(
        stack,
        `select 1 from pg_stat_activity where query like 'select pg_sleep(600)%${table}%' and state = 'active'`,
      );
    await expect.poll(async () => (await sleeping()).length, { timeout: 20_000 }).toBe(1);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled; the database stopped').waitFor();
    await expect.poll(async () => (await sleeping()).length, { timeout: 20_000 }).toBe(0);
    await context.close();
  });

  test('snippets are files that have an address; the assistant shows what it would change and runs nothing', async () => {
    const name = `count ${table}`;
    const { page, context, problems, axe } = await dashboard.open();
    await page.goto(address(`select count(*) from ${table}`));
    await page.getByRole('button', { name: 'Save' }).click();
    const form = page.getByRole('dialog', { name: 'Save as a snippet' });
    await form.getByLabel('Name', { exact: true }).fill(name);
    await form.getByLabel('Folder', { exact: true }).fill('reports');
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: `More about reports/${name}` }).waitFor();

    await page.goto('/');
    await page.goto(`/sql/snippet/reports/${encodeURIComponent(name)}`);
    await page.getByRole('textbox', { name: 'SQL' }).getByText(`select count(*) from ${table}`).waitFor();

    // A stand-in for the assistant's service; that the room asks it as it should is tested in the room.
    let asked = '';
    await page.route('**/api/studio/assistant', (route) => {
      asked = route.request().postData() ?? asked;
      const answer = { text: 'The latest first.', sql: `select count(*) from ${table}\nwhere id > 5` };
      return route.fulfill({ json: route.request().method() === 'GET' ? { model: 'm' } : answer });
    });
    await page.goto(`/sql/snippet/reports/${encodeURIComponent(name)}`);
    await page.getByRole('button', { name: 'Assistant' }).click();
    await page.getByLabel('What shall the query do?', { exact: true }).fill('only those after 5');
    await page.getByRole('button', { name: 'Write' }).click();
    await page.getByRole('region', { name: 'What would change' }).getByText('where id > 5').waitFor();
    expect(JSON.parse(asked)).toMatchObject({ task: 'write', prompt: 'only those after 5' });
    expect(JSON.parse(asked).schema).toContain(`public.${table}(id integer, title text)`);
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Put it into the editor' }).click();
    await page.getByRole('textbox', { name: 'SQL' }).getByText('where id > 5').waitFor();
    expect(await page.getByText('Nothing was run yet').count()).toBe(1);
    // Not saved: a dot says so.
    await page.getByRole('button', { name: `• ${name}` }).waitFor();

    await page.getByRole('button', { name: `More about reports/${name}` }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('button', { name: `More about reports/${name}` }).waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
    await context.close();
  });
});
