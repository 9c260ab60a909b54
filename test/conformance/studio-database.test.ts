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
  const [authors, books, role] = [`authors_${id}`, `books_${id}`, `app_${id}`];
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard(stack);
    await runSql(
      stack,
      `create schema ${schema} authorization postgres; set role postgres;
       create table ${schema}.${authors} (id int primary key, name text not null);
       create table ${schema}.${books} (id int primary key, title text, author int references ${schema}.${authors});
       create view ${schema}.titles as select title from ${schema}.${books};
       grant usage on schema ${schema} to anon; grant select on ${schema}.${books} to anon; reset role`,
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
    async save(button: string, said: string) {
      await page.getByRole('dialog').last().getByRole('button', { name: button, exact: true }).click();
      await page.getByText(said, { exact: true }).waitFor();
    },
    async choose(entry: string, action: string) {
      await page.getByRole('button', { name: `More about ${entry}`, exact: true }).click();
      await page.getByRole('menuitem', { name: action, exact: true }).click();
    },
    /** Searches the list in view. */
    async find(entry: string) {
      await page.getByRole('searchbox', { name: /^Search / }).fill(entry);
      await page.getByRole('button', { name: `More about ${entry}`, exact: true }).waitFor();
    },
  });

  test('a schema is drawn; tables are found, moved by keys, opened and taken away as a drawing', async () => {
    const { page, context, problems, axe } = await dashboard.open();
    await page.goto(`/database/schemas?schema=${schema}`);
    const box = (name: string) => page.getByRole('group', { name: new RegExp(`^Table ${name},`) });
    await box(books).getByText('author', { exact: true }).waitFor();
    await page.locator('.react-flow__edge').waitFor({ state: 'attached' });
    expect(await axe()).toEqual([]);
    await page.getByRole('combobox', { name: 'Find a table', exact: true }).fill(books);
    await page.waitForURL(new RegExp(`table=${books}`));
    await box(authors).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`table=${authors}`));
    await page.keyboard.press('ArrowDown');
    await expect
      .poll(() => page.evaluate(`localStorage.getItem('studio.map.${schema}')`), { timeout: 30_000 })
      .toContain(JSON.stringify(JSON.stringify([schema, authors])).slice(1, -1));
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('menuitem', { name: 'Download SVG', exact: true }).click();
    const svg = readFileSync(await (await downloading).path(), 'utf8');
    expect(svg).toContain(`>${authors}</text>`);
    await box(books).getByRole('link', { name: books, exact: true }).click();
    await page.getByRole('heading', { name: books, level: 2 }).waitFor();
    expect(problems).toEqual([]);
    await context.close();
  }, 180_000);

  test('an enum, a function, a trigger, an index and a view are made, changed and dropped', async () => {
    const { page, context, problems, axe } = await dashboard.open();
    const { dialog, make, save, choose, find } = tools(page);
    const name = (kind: string) => `${kind}_${id}`;
    await page.goto('/database/enums');
    await make('New enum');
    await dialog.getByLabel('Name', { exact: true }).fill(name('mood'));
    await dialog.getByLabel('Schema', { exact: true }).selectOption(schema);
    await dialog.getByLabel('Value 1', { exact: true }).fill('sad');
    await save('Create', `${name('mood')} is made`);
    await find(name('mood'));
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
    await body.waitFor();
    expect(await axe()).toEqual([]);
    await body.fill("begin\n  new.title = 'touched';\n  return new;\nend");
    await save('Create', `${name('touch')} is made`);
    await find(name('touch'));
    await choose(name('touch'), 'Change');
    await dialog.getByLabel('Comment', { exact: true }).fill('It touches');
    await save('Save', `${name('touch')} is changed`);

    await page.goto('/database/triggers');
    await make('New trigger');
    await dialog.getByLabel('Name', { exact: true }).fill(name('touches'));
    await dialog.getByLabel('Table', { exact: true }).selectOption(`${schema}.${books}`);
    await dialog.getByLabel('insert', { exact: true }).check();
    await dialog.getByLabel('Function', { exact: true }).selectOption(`${schema}.${name('touch')}`);
    await save('Create', `${name('touches')} is made`);
    await find(name('touches'));
    expect(await runSql(stack, `insert into ${schema}.${books} values (1, 'new') returning title`)).toEqual([
      { title: 'touched' },
    ]);
    await choose(name('touches'), 'Drop');
    await save('Drop it', `${name('touches')} is gone`);

    await page.goto('/database/indexes');
    await make('New index');
    await dialog.getByLabel('Table', { exact: true }).selectOption(`${schema}.${books}`);
    await dialog.getByRole('button', { name: 'Column', exact: true }).click();
    await dialog.getByLabel('Part 1', { exact: true }).fill('title');
    await dialog.getByLabel('Name', { exact: true }).fill(name('titles'));
    await save('Create', 'The index is made');
    await find(name('titles'));
    await choose(name('titles'), 'Rebuild');
    await save('Rebuild it', `${name('titles')} is rebuilt`);

    await page.goto('/database/tables');
    await make('New view');
    await dialog.getByLabel('Name', { exact: true }).fill(name('cheap'));
    await dialog.getByLabel('Schema', { exact: true }).selectOption(schema);
    await dialog.getByRole('textbox', { name: 'Query', exact: true }).fill(`select id from ${schema}.${books}`);
    await save('Create', `${name('cheap')} is made`);
    await find(name('cheap'));
    expect(
      await runSql(stack, `select reloptions from pg_class where oid = '${schema}.${name('cheap')}'::regclass`),
    ).toEqual([{ reloptions: ['security_invoker=on'] }]);
    expect(problems).toEqual([]);
    await context.close();
  }, 180_000);

  test('a role signs in by a password that stands in no statement; columns, publications and constraints change', async () => {
    const { page, context, problems, axe } = await dashboard.open();
    const { dialog, make, save, choose, find } = tools(page);
    const password = `password of ${id}`;
    await page.goto('/database/roles');
    await make('New role');
    await dialog.getByLabel('Name', { exact: true }).fill(role);
    await dialog.getByLabel('Password', { exact: true }).fill(password);
    const sent = page.waitForRequest(
      (request) => request.url().endsWith('/query') && /create role/.test(request.postData() ?? ''),
    );
    await save('Create', `${role} is made`);
    const statement = (await sent).postData() ?? '';
    expect(statement).toContain('SCRAM-SHA-256$4096:');
    expect(statement).not.toContain(password);
    await find(role);
    await choose(role, 'Drop');
    await save('Drop it', `${role} is gone`);

    await page.goto(`/database/privileges?role=anon&schema=${schema}&table=${books}`);
    await page.getByLabel('select title', { exact: true }).uncheck();
    await page.getByText('grant select ("id", "author")').waitFor();
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Change the rights', exact: true }).click();
    await page.getByText('The rights of anon are changed', { exact: true }).waitFor();
    expect(
      await runSql(
        stack,
        `select has_column_privilege('anon', '${schema}.${books}', 'title', 'select') as title, has_column_privilege('anon', '${schema}.${books}', 'id', 'select') as id`,
      ),
    ).toEqual([{ title: false, id: true }]);

    await page.goto('/database/publications');
    await make('New publication');
    await dialog.getByLabel('Name', { exact: true }).fill(`told_${id}`);
    await dialog.getByRole('searchbox', { name: 'Search: Tables', exact: true }).fill(schema);
    await dialog.getByLabel(`${schema}.${books}`, { exact: true }).check();
    await save('Create', `told_${id} is made`);
    await find(`told_${id}`);
    await page.getByText(`${schema}.${books}`, { exact: true }).waitFor();

    await page.goto(`/editor/${schema}/${books}`);
    await choose(books, 'Constraints');
    await dialog.getByRole('button', { name: 'Add a constraint', exact: true }).click();
    await dialog.getByLabel('Name', { exact: true }).fill('named');
    await dialog.getByLabel('Rows have to meet', { exact: true }).fill('length(title) > 0');
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.getByText('CHECK ((length(title) > 0))', { exact: true }).waitFor();
    expect(await axe()).toEqual([]);
    await page.keyboard.press('Escape');

    // What loses rows wants its name typed.
    await choose(books, 'Change the table');
    await page.getByRole('button', { name: 'Drop the table', exact: true }).click();
    const drop = page.getByRole('button', { name: 'Drop it', exact: true });
    expect(await drop.isDisabled()).toBe(true);
    await page.getByLabel(`Type ${books} to go on`, { exact: true }).fill(books);
    await page
      .getByRole('dialog', { name: `Drop ${books}?` })
      .getByText(`drop table "${schema}"."${books}"`)
      .waitFor();
    await drop.click();
    await page.getByText(/because other objects depend on it/).waitFor();
    expect(problems.filter((problem) => !/status of 400/.test(problem))).toEqual([]);
    await context.close();
  }, 180_000);
});
