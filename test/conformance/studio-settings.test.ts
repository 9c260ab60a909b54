import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { type Dashboard, openDashboard } from '../support/dashboard.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// Pages of the dashboard that tell what the program works with, and what clients can ask of it.
const stack = sharedStack();
const { username, password } = stack.env.dashboard;

describe.skipIf(!hasBrowser)('in a browser', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard(stack);
  });
  afterAll(() => dashboard?.close());

  test('a setting of a service is found, refused, changed at once and taken back; another waits for a restart', async () => {
    const { page, context, problems, axe } = await dashboard.open();
    const [atOnce, later] = ['STACK_META_WAITING', 'STACK_RETRY_LONGEST'];
    const meta = page.getByRole('region', { name: 'meta', exact: true });
    const row = (name: string) => page.locator('dl > div').filter({ has: page.getByText(name, { exact: true }) });
    try {
      await page.goto(`/settings?search=${atOnce}`);
      await meta.getByText('Changes count at once', { exact: false }).waitFor();
      await page.getByRole('button', { name: `Change ${atOnce}`, exact: true }).click();
      const field = meta.getByRole('textbox');
      await field.fill('many');
      await page.getByText('Counts at once: meta starts anew', { exact: false }).waitFor();
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await meta.getByText('must be a whole number', { exact: true }).waitFor();
      expect(await axe()).toEqual([]);
      await field.fill('77');
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await page.getByText(`Saved: ${atOnce}`).waitFor();
      await row(atOnce).getByText('set here').waitFor();
      await row(atOnce).getByText('77', { exact: true }).waitFor();

      await page.goto(`/settings?search=${later}`);
      await page.getByRole('button', { name: `Change ${later}`, exact: true }).click();
      await row(later).getByRole('textbox').fill('61s');
      await page.getByText('Counts from the next start of the program on: stack.').waitFor();
      await page.getByRole('button', { name: 'Save', exact: true }).click();
      await row(later).getByText('waits for a restart').waitFor();
      await page.getByRole('searchbox', { name: 'Search settings', exact: true }).fill('JWT_SECRET');
      await row('JWT_SECRET').first().getByText('changed in .env', { exact: false }).waitFor();
      expect(await page.getByRole('button', { name: 'Change JWT_SECRET', exact: true }).count()).toBe(0);

      await page.getByRole('tab', { name: 'History', exact: true }).click();
      const change = page.locator('section').filter({ has: page.getByText(atOnce, { exact: true }) });
      await change.first().getByRole('button', { name: 'Undo', exact: true }).click();
      await page.getByRole('button', { name: 'Undo the change', exact: true }).click();
      await page.getByText(`Undone: ${atOnce}`).waitFor();
      await page.goto(`/settings?search=${atOnce}`);
      await row(atOnce).getByText('standard value').waitFor();
      expect(problems.filter((text) => !text.includes('400'))).toEqual([]);
    } finally {
      const answer = await fetch(`${stack.url}/api/studio/settings`, {
        method: 'PATCH',
        headers: {
          authorization: `Basic ${btoa(`${username}:${password}`)}`,
          'x-studio-request': '1',
          'content-type': 'application/json',
        },
        body: JSON.stringify({ changes: { [atOnce]: null, [later]: null } }),
      });
      expect(answer.status).toBe(200);
      await context.close();
    }
  }, 180_000);

  test('API docs tell how to use a table that was just made, in two languages', async () => {
    const table = `described_${crypto.randomUUID().slice(0, 8)}`;
    await runSql(
      stack,
      `create table public.${table} (id int primary key, title text not null); comment on table public.${table} is 'Things to read'`,
    );
    const headers = { apikey: stack.env.serviceKey, authorization: `Bearer ${stack.env.serviceKey}` };
    while (!(await fetch(`${stack.url}/rest/v1/${table}`, { headers })).ok)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const { page, context, problems, axe } = await dashboard.open();
    try {
      await page.goto('/docs');
      await page.getByRole('searchbox', { name: 'Search tables and functions', exact: true }).fill(table);
      await page.getByRole('link', { name: table, exact: true }).click();
      await page.getByText('Things to read').waitFor();
      const columns = page.getByRole('region', { name: 'Columns', exact: true });
      await columns.getByText('title', { exact: true }).waitFor();
      await page.getByText(`from('${table}')`, { exact: false }).first().waitFor();
      expect(await axe()).toEqual([]);
      await page.getByRole('tab', { name: 'curl', exact: true }).click();
      await page.getByText(`/rest/v1/${table}`, { exact: false }).first().waitFor();
      expect(page.url()).toContain(`/docs/table/${table}`);
      expect(problems).toEqual([]);
    } finally {
      await context.close();
      await runSql(stack, `drop table public.${table}`);
    }
  }, 180_000);
});
