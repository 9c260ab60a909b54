import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { type Dashboard, openDashboard } from '../support/dashboard.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// Pages of the dashboard about auth, as its operators use them.
const stack = sharedStack();
const { username, password } = stack.env.dashboard;

/** Takes settings away again, whatever a test came to: other files use this stack. */
async function reset(...names: string[]): Promise<void> {
  const answer = await fetch(`${stack.url}/api/studio/settings`, {
    method: 'PATCH',
    headers: {
      authorization: `Basic ${btoa(`${username}:${password}`)}`,
      'x-studio-request': '1',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ changes: Object.fromEntries(names.map((name) => [name, null])) }),
  });
  expect(answer.status).toBe(200);
}

describe.skipIf(!hasBrowser)('in a browser', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard(stack);
  });
  afterAll(() => dashboard?.close());

  test('a user is added, found, banned, signed out and deleted', async () => {
    const email = `ann-${crypto.randomUUID().slice(0, 8)}@example.com`;
    const { page, context, problems, axe } = await dashboard.open();
    const signIn = async (): Promise<number> =>
      (
        await fetch(`${stack.url}/auth/v1/token?grant_type=password`, {
          method: 'POST',
          headers: { apikey: stack.env.anonKey, 'content-type': 'application/json' },
          body: JSON.stringify({ email, password: 'a password for ann' }),
        })
      ).status;
    const about = async () =>
      (
        await runSql(
          stack,
          `select u.id, raw_user_meta_data as data, (select count(*)::int from auth.sessions s where s.user_id = u.id) as sessions
           from auth.users u where email = '${email}'`,
        )
      )[0];

    await page.goto('/auth/users');
    await page.getByRole('button', { name: 'Add a user' }).click();
    await page.getByLabel('Email address', { exact: true }).fill(email);
    await page.getByLabel('Password', { exact: true }).fill('a password for ann');
    await page.getByLabel('Metadata (JSON)', { exact: true }).fill('{ "full_name": "Ann Example", "team": "red" }');
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await page.getByText(`${email} is a user now`).waitFor();
    expect(await signIn()).toBe(200);

    await page.getByRole('searchbox', { name: 'Search users' }).fill('Ann Exam');
    await page.getByRole('link', { name: email }).click();
    const sheet = page.getByRole('dialog', { name: email, exact: true });
    await sheet.getByText('Ann Example').waitFor();
    expect(page.url()).toContain('search=Ann+Exam');
    expect(await axe()).toEqual([]);
    await sheet.getByLabel('User metadata', { exact: true }).fill('{ "full_name": "Ann Changed" }');
    await sheet.getByRole('button', { name: 'Save the metadata' }).click();
    await page.getByText('The metadata are saved').waitFor();
    expect(await about()).toMatchObject({ data: { full_name: 'Ann Changed' }, sessions: 1 });
    expect((await about())?.data).not.toHaveProperty('team');

    await sheet.getByRole('button', { name: /End the session/ }).click();
    await sheet.getByText('Not signed in anywhere.').waitFor();
    expect(await about()).toMatchObject({ sessions: 0 });
    await sheet.getByRole('button', { name: 'Ban…' }).click();
    await page.getByRole('button', { name: 'Ban', exact: true }).click();
    await sheet.getByText('banned', { exact: true }).waitFor();
    expect(await signIn()).toBe(400);
    await sheet.getByRole('button', { name: 'Lift the ban' }).click();
    await sheet.getByRole('button', { name: 'Ban…' }).waitFor();
    expect(await signIn()).toBe(200);

    await sheet.getByRole('button', { name: 'Delete the user' }).click();
    await page
      .getByRole('dialog', { name: /^Delete / })
      .getByRole('button', { name: 'Delete the user' })
      .click();
    await sheet.waitFor({ state: 'detached' });
    await page.getByText('Nobody fits').waitFor();
    expect(await about()).toBeUndefined();
    expect(problems).toEqual([]);
    await context.close();
  });

  test('a setting counts at once, without a refused request, and is taken back', async () => {
    const { page, context, problems } = await dashboard.open();
    const isClosed = async () => {
      const answer = await fetch(`${stack.url}/auth/v1/settings`, { headers: { apikey: stack.env.anonKey } });
      return { status: answer.status, closed: ((await answer.json()) as { disable_signup: boolean }).disable_signup };
    };
    try {
      await page.goto('/auth/settings/sign-up');
      await page.getByRole('checkbox', { name: 'Refuse new accounts' }).check();
      const statuses = new Set<number>();
      let goesOn = true;
      const asking = (async () => {
        while (goesOn) statuses.add((await isClosed()).status);
      })();
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByText('Auth works with DISABLE_SIGNUP').waitFor();
      expect(await isClosed()).toEqual({ status: 200, closed: true });
      goesOn = false;
      await asking;
      expect([...statuses]).toEqual([200]);

      await page.getByRole('tab', { name: 'History' }).click();
      const change = page.locator('section').filter({ has: page.getByText('DISABLE_SIGNUP', { exact: true }) });
      await change.first().getByRole('button', { name: 'Undo', exact: true }).click();
      await page.getByRole('button', { name: 'Undo the change', exact: true }).click();
      await page.getByText('Undone: DISABLE_SIGNUP').waitFor();
      expect(await isClosed()).toEqual({ status: 200, closed: false });

      await page.goto('/auth/settings/mail');
      await page.getByLabel('Port of the mail server').fill('99999');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByText('SMTP_PORT must be between 1 and 65535').waitFor();
      expect(problems.filter((text) => !text.includes('400'))).toEqual([]);
    } finally {
      await reset('DISABLE_SIGNUP');
      await context.close();
    }
  });

  test('a mail is written, looked at, tried and sent', async () => {
    const { page, context, problems, axe } = await dashboard.open();
    const email = `bob-${crypto.randomUUID().slice(0, 8)}@example.com`;
    const inbox = async () => {
      const headers = { authorization: `Basic ${btoa(`${username}:${password}`)}` };
      const mails = (await (await fetch(`${stack.url}/inbox/messages.json`, { headers })).json()) as {
        to: string;
        subject: string;
        html: string;
      }[];
      return mails.filter(({ to }) => to === email);
    };
    try {
      await page.goto('/auth/templates/invite');
      await page.getByLabel('Subject', { exact: true }).fill('Welcome to {{ .SiteURL }}');
      await page.getByLabel('Body (HTML)', { exact: true }).fill('<p style="color: red">Hello, {{ if }}</p>');
      await page.getByText(/The body is no template/).waitFor();
      await page.getByLabel('Body (HTML)', { exact: true }).fill('<p style="color: red">Hello, {{ .Email }}</p>');
      await page.frameLocator('iframe').getByText('Hello, ann@example.com').waitFor();
      expect(await axe()).toEqual([]);
      await page.getByLabel('Send a test mail to', { exact: true }).fill(email);
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await expect.poll(inbox).toMatchObject([{ html: '<p style="color: red">Hello, ann@example.com</p>' }]);
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByText('The next invite mail says this').waitFor();

      await page.goto('/auth/users');
      await page.getByRole('button', { name: 'Invite' }).click();
      await page.getByLabel('Email address', { exact: true }).fill(email);
      await page.getByRole('button', { name: 'Send the invitation' }).click();
      await page.getByText(`An invitation to ${email} is on its way`).waitFor();
      await expect
        .poll(inbox)
        .toContainEqual(expect.objectContaining({ html: `<p style="color: red">Hello, ${email}</p>` }));
      expect(problems.filter((text) => !text.includes('400'))).toEqual([]);
    } finally {
      await reset('GOTRUE_MAILER_SUBJECTS_INVITE', 'STACK_AUTH_TEMPLATE_INVITE');
      await context.close();
    }
  });

  test('a policy is written from a template, tried as somebody, and leaves nothing behind', async () => {
    const table = `notes_${crypto.randomUUID().slice(0, 8)}`;
    const email = `eve-${crypto.randomUUID().slice(0, 8)}@example.com`;
    const { page, context, problems, axe } = await dashboard.open();
    try {
      await runSql(
        stack,
        `insert into auth.users (id, aud, role, email, created_at)
         values (gen_random_uuid(), 'authenticated', 'authenticated', '${email}', now());
         create table public.${table} (id int generated always as identity primary key, user_id uuid default auth.uid(), title text);
         insert into public.${table} (user_id, title) select id, 'hers' from auth.users where email = '${email}';
         insert into public.${table} (title) values ('nobody''s')`,
      );
      await page.goto('/auth/policies');
      const card = page.getByRole('region', { name: table });
      await card.getByText('RLS off').waitFor();
      await card.getByRole('button', { name: 'Switch on' }).click();
      await card.getByText('RLS on').waitFor();
      await card.getByRole('button', { name: `New policy for ${table}` }).click();
      await page
        .getByLabel('Begin with', { exact: true })
        .selectOption({ label: 'Users do everything with their own rows' });
      expect(await axe()).toEqual([]);
      await page.getByRole('button', { name: 'Make the policy' }).click();
      await card.getByText('Users have their own rows').waitFor();

      await card.getByRole('button', { name: 'Try', exact: true }).click();
      const sheet = page.getByRole('dialog', { name: `Try policies of ${table}` });
      const verdict = (text: RegExp) => sheet.getByRole('row', { name: text });
      await sheet.getByRole('button', { name: 'Try', exact: true }).click();
      await sheet.getByText('0 of 2 rows').waitFor();
      await verdict(/^no no policy agrees to read it .*hers/).waitFor();
      await sheet.getByLabel('Run as', { exact: true }).selectOption({ label: 'a user…' });
      const people = page.getByRole('dialog', { name: 'Run as a user' });
      await people.getByRole('searchbox', { name: 'Search users' }).fill(email);
      await people.getByRole('button', { name: email }).click();
      await sheet.getByRole('button', { name: 'Try', exact: true }).click();
      await sheet.getByText('1 of 2 rows').waitFor();
      await verdict(/^yes Users have their own rows .*hers/).waitFor();
      expect(await axe()).toEqual([]);
      await sheet.getByLabel('Try to', { exact: true }).selectOption({ label: 'add a row' });
      await sheet.getByLabel('The row (JSON)', { exact: true }).fill('{ "title": "new" }');
      await sheet.getByRole('button', { name: 'Try', exact: true }).click();
      await verdict(/^yes Users have their own rows .*new/).waitFor();
      await sheet.getByLabel('Try to', { exact: true }).selectOption({ label: 'change rows' });
      await sheet.getByLabel('What rows become (JSON)', { exact: true }).fill('{ "user_id": null }');
      await sheet.getByRole('button', { name: 'Try', exact: true }).click();
      await verdict(/^no no policy agrees for what it becomes .*hers/).waitFor();
      expect(await runSql(stack, `select title, user_id is null as lost from public.${table} order by id`)).toEqual([
        { title: 'hers', lost: false },
        { title: "nobody's", lost: true },
      ]);

      // The same by a real request: what is read leaves nothing behind, what is written is asked about first.
      await sheet.getByRole('tab', { name: 'Send a request' }).click();
      const answer = sheet.getByRole('region', { name: 'Answer', exact: true });
      await sheet.getByRole('button', { name: 'Send', exact: true }).click();
      await answer.getByRole('status').filter({ hasText: '1 row in' }).waitFor();
      await answer.getByRole('row', { name: /^yes Users have their own rows .*hers/ }).waitFor();
      await answer.getByText('Headers', { exact: true }).click();
      await answer.getByText('content-range: 0-0/*').waitFor();
      expect(await axe()).toEqual([]);
      await sheet.getByLabel('Method', { exact: true }).selectOption('DELETE');
      await sheet.getByLabel('Path below /rest/v1', { exact: true }).fill(`/${table}?title=neq.none`);
      await sheet.getByLabel('Prefer', { exact: true }).fill('return=representation');
      await sheet.getByRole('button', { name: 'Send', exact: true }).click();
      await page
        .getByRole('dialog', { name: 'Send it for real?' })
        .getByRole('button', { name: 'Send it', exact: true })
        .click();
      await answer.getByText('What decided, row by row, before it was sent').waitFor();
      await answer.getByRole('row', { name: /^no no policy agrees to find it .*nobody/ }).waitFor();
      expect(await runSql(stack, `select title from public.${table}`)).toEqual([{ title: "nobody's" }]);
      expect(
        await runSql(
          stack,
          `select 1 from auth.sessions s join auth.users u on u.id = s.user_id where email = '${email}'`,
        ),
      ).toEqual([]);
      expect(problems).toEqual([]);
    } finally {
      await context.close();
      await runSql(stack, `drop table if exists public.${table}; delete from auth.users where email = '${email}'`);
    }
  });
});
