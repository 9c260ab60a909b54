import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { type Dashboard, openDashboard } from '../support/dashboard.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// The dashboard's page of buckets and files, as its operators use it.
const stack = sharedStack();

describe.skipIf(!hasBrowser)('in a browser', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard(stack);
  });
  afterAll(() => dashboard?.close());

  test('a bucket is made, filled in pieces, tidied, shared and deleted', async () => {
    const bucket = `files-${crypto.randomUUID().slice(0, 8)}`;
    const { page, context, problems, axe } = await dashboard.open();
    const names = async () =>
      (await runSql(stack, `select name from storage.objects where bucket_id = '${bucket}' order by name`)).map(
        ({ name }) => name,
      );
    const drop = async (name: string, content: string | Buffer, mimeType: string) => {
      await page
        .getByLabel('Files to upload', { exact: true })
        .setInputFiles({ name, mimeType, buffer: Buffer.from(content) });
      await page
        .getByText(/, done$/)
        .last()
        .waitFor();
    };
    await page.goto('/storage');
    await page.getByRole('button', { name: 'New bucket' }).click();
    await page.getByLabel('Name', { exact: true }).fill(bucket);
    await page.getByLabel('Files up to', { exact: true }).fill('20 MB');
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Make the bucket' }).click();
    await page.getByRole('link', { name: bucket }).click();
    await page.getByText('Nothing here yet').waitFor();

    await page.getByRole('button', { name: 'Policies', exact: true }).click();
    const rules = page.getByRole('dialog', { name: `Policies of ${bucket}`, exact: true });
    await rules.getByText('No policy speaks of this bucket').waitFor();
    expect(page.url()).toContain('?policies');
    await rules.getByRole('button', { name: 'New policy', exact: true }).click();
    await page.getByLabel('Begin with', { exact: true }).selectOption({ label: 'Signed-in users upload' });
    await page.getByRole('button', { name: 'Make the policy', exact: true }).click();
    await rules.getByText(`check (bucket_id = '${bucket}'::text)`).waitFor();
    expect(await axe()).toEqual([]);
    await rules.getByRole('button', { name: `Drop ${bucket}: signed-in users upload`, exact: true }).click();
    await page.getByRole('button', { name: 'Drop the policy', exact: true }).click();
    await rules.getByText('No policy speaks of this bucket').waitFor();
    await rules.getByRole('button', { name: 'Close', exact: true }).click();

    await drop('notes.txt', 'hello', 'text/plain');
    // More than one piece.
    await drop('large.bin', Buffer.alloc(7 * 1024 * 1024, 1), 'application/octet-stream');
    await page.getByRole('link', { name: 'large.bin' }).waitFor();
    await page.getByRole('cell', { name: '7.0 MB' }).waitFor();
    expect(await names()).toEqual(['large.bin', 'notes.txt']);

    await page.getByRole('checkbox', { name: 'Choose notes.txt' }).check();
    await page.getByRole('button', { name: 'Move or rename…' }).click();
    await page.getByLabel('New path', { exact: true }).fill('texts/letter.txt');
    await page.getByRole('button', { name: 'Move', exact: true }).click();
    await page.getByRole('link', { name: 'texts' }).waitFor();
    await page.getByRole('checkbox', { name: 'Choose texts' }).check();
    await page.getByRole('button', { name: 'Copy…' }).click();
    await page.getByLabel('New path', { exact: true }).fill('copies');
    await page.getByRole('button', { name: 'Copy', exact: true }).click();
    await page.getByRole('link', { name: 'copies' }).waitFor();
    expect(await names()).toEqual(['copies/letter.txt', 'large.bin', 'texts/letter.txt']);

    await page.getByRole('link', { name: 'texts' }).click();
    await page.getByRole('link', { name: 'letter.txt' }).click();
    const sheet = page.getByRole('dialog', { name: 'letter.txt' });
    expect(await axe()).toEqual([]);
    await sheet.getByRole('button', { name: 'Make the link' }).click();
    const link = await sheet.getByText(/\/storage\/v1\/object\/sign\//).textContent();
    expect(await (await fetch(link ?? '')).text()).toBe('hello');
    await sheet.getByRole('button', { name: 'Close' }).click();

    await page.getByRole('link', { name: bucket }).click();
    await page.getByRole('checkbox', { name: 'Choose copies' }).check();
    await page.getByRole('checkbox', { name: 'Choose texts' }).check();
    await page.getByRole('button', { name: 'Delete 2' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('2 entries deleted').waitFor();
    expect(await names()).toEqual(['large.bin']);

    await page.goto('/storage');
    await page.getByRole('button', { name: `Actions for ${bucket}` }).click();
    await page.getByRole('menuitem', { name: 'Delete…' }).click();
    await page.getByRole('button', { name: 'Delete the bucket' }).click();
    await page.getByText(`${bucket} is deleted`).waitFor();
    expect(await runSql(stack, `select id from storage.buckets where id = '${bucket}'`)).toEqual([]);
    expect(problems).toEqual([]);
    await context.close();
  });
});
