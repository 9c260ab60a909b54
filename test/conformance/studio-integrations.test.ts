import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { type Dashboard, openDashboard } from '../support/dashboard.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

const stack = sharedStack();

describe.skipIf(!hasBrowser)('what the database does by itself, in the dashboard', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard(stack);
    await runSql(stack, 'create extension if not exists pg_cron; create extension if not exists pgmq');
    await runSql(stack, 'create table if not exists public.told (id int primary key, note text)');
  });
  afterAll(() => dashboard?.close());

  test('a job runs, a queue takes a message, a webhook is a trigger, a secret is shown and noted', async () => {
    const { page, problems, axe } = await dashboard.open();
    const id = crypto.randomUUID().slice(0, 8);
    const dialog = page.getByRole('dialog');
    const row = (text: string) => page.getByRole('row').filter({ hasText: text });

    await page.goto('/integrations');
    await page.getByRole('button', { name: 'Add a job' }).click();
    await dialog.getByLabel('Name', { exact: true }).fill(`job ${id}`);
    await dialog.getByLabel('Schedule', { exact: true }).fill('1 second');
    await dialog.getByLabel('SQL', { exact: true }).fill('select 1');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await row(`job ${id}`).getByText('succeeded').waitFor();
    await row(`job ${id}`).getByRole('button', { name: 'Remove' }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await row(`job ${id}`).waitFor({ state: 'detached' });

    await page.getByRole('tab', { name: 'Queues' }).click();
    await page.getByRole('button', { name: 'Add a queue' }).click();
    await dialog.getByLabel('Name', { exact: true }).fill(`q_${id}`);
    await dialog.getByRole('button', { name: 'Add' }).click();
    await row(`q_${id}`).getByRole('button', { name: 'Messages' }).click();
    await dialog.getByRole('button', { name: 'Send one' }).click();
    await dialog.last().getByLabel('Message', { exact: true }).fill('{"hello":"queue"}');
    await dialog.last().getByRole('button', { name: 'Send', exact: true }).click();
    await dialog.getByText('"hello": "queue"').waitFor();
    await page.keyboard.press('Escape');

    await page.getByRole('tab', { name: 'Webhooks' }).click();
    await page.getByRole('button', { name: 'Add a webhook' }).click();
    await dialog.getByLabel('Name', { exact: true }).fill(`hook ${id}`);
    await dialog.getByLabel('Table', { exact: true }).selectOption('public.told');
    await dialog.getByLabel('deleted', { exact: true }).check();
    await dialog.getByLabel('URL', { exact: true }).fill('http://kong:8000/functions/v1/hello');
    await dialog.getByRole('button', { name: 'Add' }).click();
    await row(`hook ${id}`).getByText('insert, delete').waitFor();
    expect(await row(`hook ${id}`).textContent()).toContain('POST http://kong:8000/functions/v1/hello');
    expect(await runSql(stack, 'select count(*)::int from pg_trigger where tgname = $1', [`hook ${id}`])).toEqual([
      { count: 1 },
    ]);
    await row(`hook ${id}`).getByRole('button', { name: 'Remove' }).click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await row(`hook ${id}`).waitFor({ state: 'detached' });

    await page.getByRole('tab', { name: 'Vault' }).click();
    await page.getByRole('button', { name: 'Add a secret' }).click();
    await dialog.getByLabel('Name', { exact: true }).fill(`secret ${id}`);
    await dialog.getByLabel('Secret', { exact: true }).fill(`value of ${id}`);
    await dialog.getByRole('button', { name: 'Add' }).click();
    await row(`secret ${id}`).getByRole('button', { name: 'Show' }).click();
    await dialog.getByText(`value of ${id}`).waitFor();
    expect(await axe()).toEqual([]);
    await page.keyboard.press('Escape');
    await page.goto('/team/audit');
    await page.getByText(`secret ${id}`).first().waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
