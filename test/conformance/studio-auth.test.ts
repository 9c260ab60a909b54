import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { type Dashboard, openDashboard } from '../support/dashboard.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// Pages of the dashboard about auth, as its operators use them.
const stack = sharedStack();

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
    await page.getByLabel('Email address').fill(email);
    await page.getByLabel('Password').fill('a password for ann');
    await page.getByLabel('Metadata (JSON)').fill('{ "full_name": "Ann Example", "team": "red" }');
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
    await sheet.getByLabel('User metadata').fill('{ "full_name": "Ann Changed" }');
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
});
