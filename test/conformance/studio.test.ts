import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authenticators, hasBrowser } from '../support/browser.ts';
import { type Dashboard, openDashboard } from '../support/dashboard.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// The dashboard in Chromium, as its operators use it.
const stack = sharedStack();
const { username, password } = stack.env.dashboard;

describe('without a browser', () => {
  const browserAsks = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'accept-encoding': 'br' };

  test('the page is small, unkept, and lets no foreign script in', async () => {
    const page = await fetch(`${stack.url}/editor/public`, { headers: browserAsks });
    expect(page.status).toBe(200);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(page.headers.get('cache-control')).toBe('no-store');
    const text = await page.text();
    expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|\son\w+=|__NONCE__/);
    const again = await fetch(`${stack.url}/`, { headers: browserAsks });
    const nonce = /'nonce-([^']+)'/;
    expect(nonce.exec(again.headers.get('content-security-policy') ?? '')?.[1]).not.toBe(nonce.exec(policy)?.[1]);
  });

  test('its scripts are compressed and kept for ever', async () => {
    const text = await (await fetch(`${stack.url}/`, { headers: browserAsks })).text();
    const path = /src="(\/assets\/[^"]+\.js)"/.exec(text)?.[1];
    for (const coding of ['br', 'gzip', 'identity']) {
      const asset = await fetch(`${stack.url}${path}`, { headers: { 'accept-encoding': coding } });
      expect(asset.status).toBe(200);
      expect(asset.headers.get('content-encoding') ?? 'identity').toBe(coding);
      expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect((await asset.text()).length).toBeGreaterThan(10_000);
    }
    expect((await fetch(`${stack.url}/assets/../index.html`)).status).toBe(401);
    expect((await fetch(`${stack.url}/assets/none.js`)).status).toBe(404);
  });

  test('tools come by HTTP Basic; read-only SQL cannot write', async () => {
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const headers = { authorization, 'x-studio-request': '1', 'content-type': 'application/json' };
    const ask = (method: string, path: string, body: object, more: Record<string, string> = {}) =>
      fetch(`${stack.url}${path}`, { method, headers: { ...headers, ...more }, body: JSON.stringify(body) });
    const name = `reader ${crypto.randomUUID()}`;
    expect(
      (await ask('POST', '/api/studio/operators', { name, role: 'read-only', password: 'twelve letters' })).status,
    ).toBe(201);
    const signedIn = await fetch(`${stack.url}/api/studio/session`, {
      method: 'POST',
      headers: { 'x-studio-request': '1', 'content-type': 'application/json' },
      body: JSON.stringify({ name, password: 'twelve letters' }),
    });
    expect(signedIn.status).toBe(204);
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const sql = async (query: string) => {
      const { authorization: _, ...rest } = headers;
      const answer = await fetch(`${stack.url}/api/rooms/meta/query`, {
        method: 'POST',
        headers: { ...rest, cookie },
        body: JSON.stringify({ query }),
      });
      return { status: answer.status, body: await answer.json() };
    };
    expect(await sql('select current_user as me')).toEqual({ status: 200, body: [{ me: 'supabase_read_only_user' }] });
    for (const query of [
      'create table public.from_reader (id int)',
      'set default_transaction_read_only = off; create table public.from_reader (id int)',
      'set role postgres',
    ])
      expect((await sql(query)).status).toBe(400);
    expect(
      JSON.stringify((await sql(`select encode(password, 'escape') from _pmoves.studio_operators`)).body),
    ).not.toContain('$2');
  });
});

describe.skipIf(!hasBrowser)('in a browser', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard(stack);
  });
  afterAll(() => dashboard?.close());

  test('an operator signs in with a passkey', async () => {
    const { page, problems, axe } = await dashboard.open({ host: 'localhost' });
    const plugIn = await authenticators(page);
    await plugIn('internal');
    await page.goto('/account');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Password', { exact: true }).fill(password);
    await dialog.getByRole('button', { name: 'Go on' }).click();
    const key = page.getByRole('row', { name: /localhost/ });
    await key.waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    expect(await axe()).toEqual([]);
    await page.goto('/account');
    await key.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('You have none yet.').waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('an operator signs in, and out again', async () => {
    const { page, context, problems, axe, signIn } = await dashboard.open({ signedIn: false });
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await axe()).toEqual([]);
    expect(problems).toEqual([]);
    await signIn(username, 'wrong');
    await page.getByText('Wrong name or password').waitFor();
    await signIn();
    await page.getByRole('heading', { name: 'Default Project', level: 1 }).waitFor();
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ name: 'studio_session', httpOnly: true, sameSite: 'Strict' });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await context.close();
  });

  test.each([
    { width: 1280, dark: false },
    { width: 390, dark: true },
  ])(
    'every page is sound at $width px, dark: $dark',
    async (options) => {
      const { page, context, problems, axe } = await dashboard.open(options);
      const titles = [
        ['/', 'Default Project'],
        ['/editor', 'Tables'],
        ['/auth/users', 'Auth'],
        ['/auth/settings/providers', 'Auth'],
        ['/auth/templates', 'Auth'],
        ['/auth/history', 'Auth'],
        ['/sql', 'SQL editor'],
        ['/database/tables', 'Database'],
        ['/database/extensions', 'Database'],
        ['/database/schemas?schema=auth', 'Database'],
        ['/database/privileges?role=anon&schema=auth&table=users', 'Database'],
        ['/realtime?table=*', 'Realtime'],
        ['/logs', 'Logs'],
        ['/logs/sql', 'Logs'],
        ['/auth/policies', 'Auth'],
        ['/storage', 'Storage'],
        ['/functions', 'Functions'],
        ['/docs', 'API docs'],
        ['/settings?room=studio', 'Settings'],
        ['/settings/history', 'Settings'],
        ['/functions/-/secrets', 'Functions'],
        ['/connect/app', 'Connect'],
        ['/connect/database', 'Connect'],
        ['/connect/keys', 'Connect'],
        ['/team', 'Team'],
        ['/team/audit', 'Team'],
        ['/account', 'Account'],
      ] as const;
      for (const [path, title] of titles) {
        await page.goto(path);
        await page.getByRole('heading', { name: title, level: 1 }).waitFor();
        await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
        expect.soft(await axe(), path).toEqual([]);
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect.soft(overflow, `${path} is wider than the window`).toBeLessThanOrEqual(0);
      }
      expect(problems).toEqual([]);
      await context.close();
    },
    180_000,
  );

  test('the command palette and the keyboard lead everywhere', async () => {
    const { page, context, problems } = await dashboard.open();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: 'Search pages and commands' }).fill('anon key');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Connect', level: 1 }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.getByRole('heading', { name: 'Default Project', level: 1 }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Search' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Search' }).waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
    await context.close();
  });

  test('rows are sorted, filtered, changed, added and deleted, and saved at once', async () => {
    const table = `rows_${crypto.randomUUID().slice(0, 8)}`;
    await runSql(
      stack,
      `create table public.${table} (id int primary key, title text not null, state text, done boolean default false);
       insert into public.${table} select i, 'row ' || i, case when i % 2 = 0 then 'even' end, false from generate_series(1, 500) i`,
    );
    const { page, context, problems, axe } = await dashboard.open();
    const grid = page.getByRole('grid', { name: `Rows of ${table}` });
    const cell = (text: string) => grid.getByRole('gridcell', { name: text, exact: true });
    const scan = () =>
      runSql(stack, `select id, title, state from public.${table} where id not between 3 and 499 order by id`);
    try {
      await page.goto(`/editor/public/${table}`);
      await cell('row 1').waitFor();
      expect(await axe()).toEqual([]);
      await page.getByText('500 rows').waitFor();
      await grid.focus();
      // Each leads to the end of what is loaded, where more is.
      const toTheEnd = async () => {
        await page.keyboard.press('Control+ArrowDown');
        return cell('row 500').count();
      };
      await expect.poll(toTheEnd, { timeout: 20_000 }).toBe(1);

      await page.goto(`/editor/public/${table}?filter=state.eq.even&sort=id.desc`);
      await cell('row 500').waitFor();
      expect(await cell('row 499').count()).toBe(0);
      await page.getByRole('button', { name: 'Sort by id' }).click();
      await page.getByRole('menuitem', { name: 'Ascending' }).click();
      await cell('row 2').waitFor();
      expect(page.url()).toContain('sort=id.asc');

      await cell('row 2').dblclick();
      await page.getByRole('textbox', { name: 'title, text' }).fill("it's changed");
      await page.keyboard.press('Enter');
      await page.getByText('1 row changed, not saved').waitFor();
      await page.getByRole('button', { name: 'Undo' }).click();
      await cell('row 2').dblclick();
      await page.getByRole('textbox', { name: 'title, text' }).fill('changed twice');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Row', exact: true }).click();
      await grid.getByRole('gridcell', { name: 'default' }).first().dblclick();
      await page.getByRole('textbox', { name: 'id, integer' }).fill('501');
      await page.keyboard.press('Enter');
      await page.getByRole('button', { name: 'Save' }).click();
      // The new row has no title yet: nothing at all is saved, and the database's own words say why.
      await page.getByText(/null value in column "title"/).waitFor();
      expect(await scan()).toContainEqual({ id: 2, title: 'row 2', state: 'even' });
      await grid.getByRole('gridcell', { name: 'default' }).first().dblclick();
      await page.getByRole('textbox', { name: 'title, text' }).fill('new');
      await page.keyboard.press('Enter');
      await page.getByRole('checkbox', { name: 'Choose row 3', exact: true }).check();
      await page.getByRole('button', { name: 'Delete 1' }).click();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('3 rows are saved').waitFor();
      const after = await runSql(stack, `select id, title from public.${table} where id in (2, 4, 501) order by id`);
      expect(after).toEqual([
        { id: 2, title: 'changed twice' },
        { id: 501, title: 'new' },
      ]);
      // What was refused by the database is an answer of 400, which browsers note in the console.
      expect(problems.filter((text) => !text.includes('400'))).toEqual([]);
    } finally {
      await context.close();
      await runSql(stack, `drop table public.${table}`);
    }
  });

  test('advisors find an open table, and close it', async () => {
    const table = `open_${crypto.randomUUID().slice(0, 8)}`;
    await runSql(stack, `create table public.${table} (id int primary key)`);
    const { page, problems } = await dashboard.open();
    await page.goto('/advisors');
    const finding = page.getByRole('listitem').filter({ hasText: `public.${table} is in the API` });
    await finding.getByRole('button', { name: 'Fix' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Run' }).click();
    await finding.waitFor({ state: 'detached' });
    expect(await runSql(stack, `select relrowsecurity from pg_class where relname = '${table}'`)).toEqual([
      { relrowsecurity: true },
    ]);
    await page.goto('/advisors/statements');
    await page
      .getByRole('button', { name: /select/i })
      .first()
      .click();
    await page.getByRole('dialog').getByText('On average').waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  test('an owner adds an operator, who sees what the role shows; secrets are noted', async () => {
    const { page, context, problems } = await dashboard.open();
    const name = `ann-${crypto.randomUUID().slice(0, 8)}`;
    await page.goto('/team');
    await page.getByRole('button', { name: 'Add an operator' }).click();
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Role', { exact: true }).selectOption('read-only');
    await page.getByLabel('Password', { exact: true }).fill('a password for ann');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByRole('cell', { name, exact: true }).waitFor();

    await page.goto('/connect/keys');
    await page.getByRole('button', { name: 'Show service_role_key' }).click();
    await page.getByText(stack.env.serviceKey).waitFor();
    await page.goto('/team/audit');
    await page
      .getByRole('row', { name: /reveal service_role_key/ })
      .first()
      .waitFor();
    expect(problems).toEqual([]);
    await context.close();

    const ann = await dashboard.open({ signedIn: false });
    await ann.signIn(name, 'a password for ann');
    await ann.page.getByRole('link', { name: 'Connect' }).first().waitFor();
    expect(await ann.page.getByRole('link', { name: 'Team' }).count()).toBe(0);
    await ann.page.goto('/connect/keys');
    await ann.page.getByText('Your role does not show secrets.').waitFor();
    await ann.page.goto('/team');
    await ann.page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    expect(ann.problems).toEqual([]);
    await ann.context.close();
  });
});
