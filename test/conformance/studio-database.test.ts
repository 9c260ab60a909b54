import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { type Dashboard, openDashboard } from '../support/dashboard.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// What the database is made of, drawn, made, changed and dropped in the dashboard, in Chromium.
const stack = sharedStack();

describe.skipIf(!hasBrowser)('the database in the dashboard', () => {
  const id = crypto.randomUUID().slice(0, 8);
  const schema = `shop_${id}`;
  const role = `app_${id}`;
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard(stack);
    await runSql(
      stack,
      `create schema ${schema} authorization postgres; set role postgres;
       create table ${schema}.authors (id int primary key, name text not null);
       create table ${schema}.books (id int primary key, title text, author int references ${schema}.authors);
       grant usage on schema ${schema} to anon; grant select on ${schema}.books to anon; reset role`,
    );
  });
  afterAll(async () => {
    await dashboard?.close();
    await runSql(stack, `drop schema if exists ${schema} cascade; drop role if exists ${role}`);
    await runSql(stack, `drop publication if exists told_${id}`);
  });
  const tools = (page: Page) => ({
    dialog: page.getByRole('dialog').last(),
    async make(name: string) {
      await page.getByRole('button', { name, exact: true }).click();
    },
    async choose(entry: string, action: string) {
      await page.getByRole('button', { name: `More about ${entry}`, exact: true }).click();
      await page.getByRole('menuitem', { name: action, exact: true }).click();
    },
    async list(key: string, entry: string) {
      await page.goto(`/database/${key}?q=${entry}`);
      await page.getByRole('button', { name: `More about ${entry}`, exact: true }).waitFor();
    },
  });

  test('a schema is drawn; tables are found, moved by keys, opened and taken away as a drawing', async () => {
    const { page, context, problems, axe } = await dashboard.open();
    await page.goto(`/database/schemas?schema=${schema}`);
    const box = (name: string) => page.getByRole('group', { name: new RegExp(`^Table ${name},`) });
    await box('books').getByText('author', { exact: true }).waitFor();
    await page.locator('.react-flow__edge').waitFor({ state: 'attached' });
    expect(await axe()).toEqual([]);
    await page.getByRole('combobox', { name: 'Find a table', exact: true }).fill('books');
    await page.waitForURL(/table=books/);
    const before = await box('authors').boundingBox();
    await box('authors').focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/table=authors/);
    await page.keyboard.press('ArrowDown');
    await expect
      .poll(() => page.evaluate(`localStorage.getItem('studio.map.${schema}')`))
      .toContain(JSON.stringify(JSON.stringify([schema, 'authors'])).slice(1, -1));
    expect(before).not.toBeNull();
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Download SVG', exact: true }).click();
    const svg = readFileSync(await (await downloading).path(), 'utf8');
    expect(svg).toContain('>authors</text>');
    await box('books').getByRole('link', { name: 'books', exact: true }).click();
    await page.getByRole('heading', { name: 'books', level: 2 }).waitFor();
    expect(problems).toEqual([]);
    await context.close();
  });

  test('an enum, a function, a trigger, an index and a view are made, changed and dropped', async () => {
    const { page, context, problems, axe } = await dashboard.open();
    const { dialog, make, choose, list } = tools(page);
    const name = (kind: string) => `${kind}_${id}`;
    await page.goto('/database/enums');
    await make('New enum');
    await dialog.getByLabel('Name', { exact: true }).fill(name('mood'));
    await dialog.getByLabel('Schema', { exact: true }).selectOption(schema);
    await dialog.getByLabel('Value 1', { exact: true }).fill('sad');
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await list('enums', name('mood'));
    await choose(name('mood'), 'Change');
    await dialog.getByRole('button', { name: 'A value after sad', exact: true }).click();
    await dialog.getByLabel('Value 2', { exact: true }).fill('happy');
    await dialog.getByText(`add value 'happy' after 'sad'`).waitFor();
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('sad, happy', { exact: true }).waitFor();

    await page.goto('/database/functions');
    await make('New function');
    await dialog.getByLabel('Name', { exact: true }).fill(name('touch'));
    await dialog.getByLabel('Schema', { exact: true }).selectOption(schema);
    await dialog.getByLabel('Returns', { exact: true }).fill('trigger');
    const body = dialog.getByRole('textbox', { name: 'Body', exact: true });
    await body.fill("begin\n  new.title = 'touched';\n  return new;\nend");
    expect(await axe()).toEqual([]);
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await list('functions', name('touch'));
    await choose(name('touch'), 'Change');
    await dialog.getByLabel('Comment', { exact: true }).fill('It touches');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText(`${name('touch')} is changed`, { exact: true }).waitFor();

    await page.goto('/database/triggers');
    await make('New trigger');
    await dialog.getByLabel('Name', { exact: true }).fill(name('touches'));
    await dialog.getByLabel('Table', { exact: true }).selectOption(`${schema}.books`);
    await dialog.getByLabel('insert', { exact: true }).check();
    await dialog.getByLabel('Function', { exact: true }).selectOption(`${schema}.${name('touch')}`);
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await list('triggers', name('touches'));
    expect(await runSql(stack, `insert into ${schema}.books values (1, 'new') returning title`)).toEqual([
      { title: 'touched' },
    ]);
    await choose(name('touches'), 'Drop');
    await page.getByRole('button', { name: 'Drop it', exact: true }).click();
    await page.getByText(`${name('touches')} is gone`, { exact: true }).waitFor();

    await page.goto('/database/indexes');
    await make('New index');
    await dialog.getByLabel('Table', { exact: true }).selectOption(`${schema}.books`);
    await dialog.getByRole('button', { name: 'Column', exact: true }).click();
    await dialog.getByLabel('Part 1', { exact: true }).fill('title');
    await dialog.getByLabel('Name', { exact: true }).fill(name('titles'));
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await list('indexes', name('titles'));
    await choose(name('titles'), 'Rebuild');
    await page.getByRole('button', { name: 'Rebuild it', exact: true }).click();
    await page.getByText(`${name('titles')} is rebuilt`, { exact: true }).waitFor();

    await page.goto('/database/tables');
    await make('New view');
    await dialog.getByLabel('Name', { exact: true }).fill(name('cheap'));
    await dialog.getByLabel('Schema', { exact: true }).selectOption(schema);
    await dialog.getByRole('textbox', { name: 'Query', exact: true }).fill(`select id from ${schema}.books`);
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await list('tables', name('cheap'));
    expect(
      await runSql(stack, `select reloptions from pg_class where oid = '${schema}.${name('cheap')}'::regclass`),
    ).toEqual([{ reloptions: ['security_invoker=on'] }]);
    expect(problems).toEqual([]);
    await context.close();
  });

  test('a role signs in by a password that stands in no statement; columns, publications and constraints change', async () => {
    const { page, context, problems, axe } = await dashboard.open();
    const { dialog, make, choose, list } = tools(page);
    const password = `password of ${id}`;
    await page.goto('/database/roles');
    await make('New role');
    await dialog.getByLabel('Name', { exact: true }).fill(role);
    await dialog.getByLabel('Password', { exact: true }).fill(password);
    const sent = page.waitForRequest(
      ({ url, postData }) => url().endsWith('/query') && /create role/.test(postData() ?? ''),
    );
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    const statement = (await sent).postData() ?? '';
    expect(statement).toContain('SCRAM-SHA-256$4096:');
    expect(statement).not.toContain(password);
    await list('roles', role);
    await choose(role, 'Drop');
    await page.getByRole('button', { name: 'Drop it', exact: true }).click();
    await page.getByText(`${role} is gone`, { exact: true }).waitFor();

    await page.goto(`/database/privileges?role=anon&schema=${schema}&table=books`);
    await page.getByLabel('select title', { exact: true }).uncheck();
    await page.getByText('grant select ("id", "author")').waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Change the rights', exact: true }).click();
    await page.getByText('The rights of anon are changed', { exact: true }).waitFor();
    expect(
      await runSql(
        stack,
        `select has_column_privilege('anon', '${schema}.books', 'title', 'select') as title, has_column_privilege('anon', '${schema}.books', 'id', 'select') as id`,
      ),
    ).toEqual([{ title: false, id: true }]);

    await page.goto('/database/publications');
    await make('New publication');
    await dialog.getByLabel('Name', { exact: true }).fill(`told_${id}`);
    await dialog.getByRole('searchbox', { name: 'Search: Tables', exact: true }).fill(schema);
    await dialog.getByLabel(`${schema}.books`, { exact: true }).check();
    await dialog.getByRole('button', { name: 'Create', exact: true }).click();
    await list('publications', `told_${id}`);
    await page.getByText(`${schema}.books`, { exact: true }).waitFor();

    await page.goto(`/editor/${schema}/books`);
    await choose('books', 'Constraints');
    await dialog.getByRole('button', { name: 'Add a constraint', exact: true }).click();
    await dialog.getByLabel('Name', { exact: true }).fill('named');
    await dialog.getByLabel('Rows have to meet', { exact: true }).fill('length(title) > 0');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.getByText('CHECK ((length(title) > 0))', { exact: true }).waitFor();
    expect(await axe()).toEqual([]);
    await page.keyboard.press('Escape');

    // What loses rows wants its name typed.
    await list('tables', 'books');
    await page.goto(`/editor/${schema}/books`);
    await choose('books', 'Change the table');
    await page.getByRole('button', { name: 'Drop the table', exact: true }).click();
    const drop = page.getByRole('button', { name: 'Drop it', exact: true });
    expect(await drop.isDisabled()).toBe(true);
    await page.getByLabel('Type books to go on', { exact: true }).fill('books');
    await page.getByRole('dialog', { name: 'Drop books?' }).getByText(`drop table "${schema}"."books"`).waitFor();
    await drop.click();
    await page.getByText(/because other objects depend on it/).waitFor();
    expect(problems.filter((problem) => !/status of 400/.test(problem))).toEqual([]);
    await context.close();
  });
});
