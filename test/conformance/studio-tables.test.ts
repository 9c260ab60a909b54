import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { type Dashboard, openDashboard } from '../support/dashboard.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// What is done to whole tables in the dashboard, in Chromium.
const stack = sharedStack();

describe.skipIf(!hasBrowser)('the table editor', () => {
  let dashboard: Dashboard;
  const id = crypto.randomUUID().slice(0, 8);
  const [authors, books, renamed] = [`authors_${id}`, `books_${id}`, `tomes_${id}`];
  beforeAll(async () => {
    dashboard = await openDashboard(stack);
    await runSql(
      stack,
      `create table public.${authors} (id int primary key, name text);
       insert into public.${authors} values (1, 'Ann'), (2, 'Bob')`,
    );
  });

  test('a range is copied whole, values among it that the grid shows in part', async () => {
    const table = `long_${id}`;
    const long = 'x'.repeat(1_000);
    await runSql(
      stack,
      `create table public.${table} (id int primary key, body text);
       insert into public.${table} values (1, '${long}'), (2, 'short'), (3, '${long}' || E'\\tend')`,
    );
    const { page, context, problems } = await dashboard.open();
    try {
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.goto(`/editor/public/${table}`);
      await page.locator('#cell-0-0').click();
      await page.locator('#cell-2-1').click({ modifiers: ['Shift'] });
      await page.keyboard.press('Control+c');
      await page.getByText('Copied', { exact: true }).waitFor();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`1\t${long}\n2\tshort\n3\t"${long}\tend"`);
      expect(problems).toEqual([]);
    } finally {
      await context.close();
      await runSql(stack, `drop table public.${table}`);
    }
  });

  afterAll(async () => {
    await dashboard?.close();
    await runSql(stack, `drop table if exists public.${books}, public.${renamed}, public.${authors}`);
  });

  test('a table is made, filled from a file, pointed on from, changed, and dropped', async () => {
    const { page, context, problems, axe } = await dashboard.open();
    await page.goto('/editor/public');
    await page.getByRole('button', { name: 'New table' }).click();
    const form = page.getByRole('dialog', { name: 'New table in public' });
    await form.getByLabel('Name', { exact: true }).fill(books);
    await form.getByRole('button', { name: 'Column', exact: true }).click();
    await form.getByLabel('Name of column 3', { exact: true }).fill('title');
    await form.getByRole('button', { name: 'Column', exact: true }).click();
    await form.getByLabel('Name of column 4', { exact: true }).fill('author');
    await form.getByLabel('Type of column 4', { exact: true }).fill('integer');
    await form.getByLabel('Column 4 points at', { exact: true }).selectOption({ label: `→ ${authors}.id` });
    expect(await axe()).toEqual([]);
    await form.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('heading', { name: books, level: 2 }).waitFor();
    await page.getByText('RLS on').waitFor();

    const more = page.getByRole('button', { name: `More about ${books}` });
    const choose = async (name: string) => {
      await more.click();
      await page.getByRole('menuitem', { name }).click();
    };
    await choose('Import CSV or JSON');
    const importing = page.getByRole('dialog', { name: `Import into ${books}` });
    await importing.locator('input[type=file]').setInputFiles({
      name: 'books.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('Title,Author,shelf\r\n"Dunes, and ""sand""",1,a\r\n"",,b\r\n'),
    });
    await importing.getByRole('cell', { name: 'Dunes, and "sand"' }).waitFor();
    expect(await importing.getByLabel('shelf', { exact: true }).inputValue()).toBe('');
    expect(await axe()).toEqual([]);
    await importing.getByRole('button', { name: 'Import 2 rows' }).click();
    await page.getByText('2 rows are imported').waitFor();
    expect(await runSql(stack, `select title, author from public.${books} order by id`)).toEqual([
      { title: 'Dunes, and "sand"', author: 1 },
      { title: '', author: null },
    ]);

    // The row it points at is found by its name.
    await page.locator('#cell-0-3').dblclick();
    await page.getByRole('searchbox', { name: `author: search ${authors}` }).fill('bo');
    await page.getByRole('button', { name: '2 Bob' }).click();
    await page.getByRole('checkbox', { name: 'Choose row 1', exact: true }).check();
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    const panel = page.getByRole('dialog', { name: /Row 1 of/ });
    await panel.getByLabel('title · text', { exact: true }).fill('Two lines\nof title');
    await panel.getByRole('button', { name: 'Keep' }).click();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('1 row is saved').waitFor();
    expect(await runSql(stack, `select title, author from public.${books} where id = 1`)).toEqual([
      { title: 'Two lines\nof title', author: 2 },
    ]);
    const downloading = page.waitForEvent('download');
    await choose('Download JSON');
    const stream = await (await downloading).createReadStream();
    let text = '';
    for await (const chunk of stream) text += chunk;
    expect(JSON.parse(text)).toMatchObject([
      { id: 1, title: 'Two lines\nof title', author: 2 },
      { id: 2, title: '', author: null },
    ]);

    await choose('Turn Realtime on');
    await page.getByText('Realtime', { exact: true }).waitFor();
    await choose('Definition');
    await page.getByText(`REFERENCES ${authors}(id)`).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();

    await choose('Change the table');
    const changing = page.getByRole('dialog', { name: `Change ${books}` });
    await changing.getByLabel('Name', { exact: true }).fill(renamed);
    await changing.getByRole('button', { name: 'Remove column title' }).click();
    await changing.getByRole('button', { name: 'Change', exact: true }).click();
    await page.getByRole('dialog', { name: 'Change the table?' }).getByText('removes a column').waitFor();
    await page.getByRole('button', { name: 'Change it' }).click();
    await page.getByRole('heading', { name: renamed, level: 2 }).waitFor();
    expect(
      await runSql(
        stack,
        `select column_name from information_schema.columns where table_name = '${renamed}' order by ordinal_position`,
      ),
    ).toEqual([{ column_name: 'id' }, { column_name: 'created_at' }, { column_name: 'author' }]);
    expect(problems).toEqual([]);
    await context.close();
  });

  test('what the database is made of is listed, searched and opened; an extension is enabled and disabled', async () => {
    await runSql(
      stack,
      `create type public.mood_${id} as enum ('sad', 'happy');
       create function public.hello_${id}(who text) returns text language sql as $$ select 'hello ' || who $$;
       create function public.touch_${id}() returns trigger language plpgsql as $$ begin return new; end $$;
       create trigger touch_${id} before update on public.${authors} for each row execute function public.touch_${id}();
       create index shelf_${id} on public.${authors} (name);
       create role reader_${id};
       create publication told_${id} for table public.${authors};
       create schema if not exists supabase_migrations;
       create table if not exists supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
       insert into supabase_migrations.schema_migrations values ('1999${id}', array['select 1', 'select 2'], 'made_${id}')`,
    );
    const { page, context, problems } = await dashboard.open();
    try {
      for (const [list, name, about] of [
        ['tables', authors, 'table'],
        ['functions', `hello_${id}`, 'who text'],
        ['triggers', `touch_${id}`, authors],
        ['enums', `mood_${id}`, 'sad, happy'],
        ['indexes', `shelf_${id}`, 'btree'],
        ['publications', `told_${id}`, `public.${authors}`],
        ['roles', `reader_${id}`, '0'],
        ['migrations', `made_${id}`, `1999${id}`],
      ] as const) {
        await page.goto(`/database/${list}?q=${name}`);
        await page.getByRole('row', { name }).getByText(about, { exact: true }).first().waitFor();
      }
      await page.getByRole('button', { name: 'Definition' }).click();
      await page.getByRole('dialog').getByText('select 2').waitFor();
      await page.goto('/database/functions?q=no_such_function');
      await page.getByText('Nothing is found by that').waitFor();

      await page.goto('/database/extensions?q=fuzzystrmatch');
      await page.getByRole('button', { name: 'Enable fuzzystrmatch' }).click();
      await page.getByText('fuzzystrmatch is enabled').waitFor();
      await page.getByRole('button', { name: 'Disable fuzzystrmatch' }).click();
      await page.getByRole('button', { name: 'Disable it' }).click();
      await page.getByText('fuzzystrmatch is disabled').waitFor();
      expect(await runSql(stack, `select 1 from pg_extension where extname = 'fuzzystrmatch'`)).toEqual([]);
      expect(problems).toEqual([]);
    } finally {
      await context.close();
      await runSql(
        stack,
        `drop publication told_${id}; drop role reader_${id}; drop function public.touch_${id} cascade; drop function public.hello_${id};
         drop type public.mood_${id}; drop index public.shelf_${id}; delete from supabase_migrations.schema_migrations where version = '1999${id}'`,
      );
    }
  });
});
