import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { type Dashboard, openDashboard } from '../support/dashboard.ts';
import { sharedStack } from '../support/shared-stack.ts';

// The dashboard's page of functions, as its operators use it.
const stack = sharedStack();

describe.skipIf(!hasBrowser)('in a browser', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard(stack);
  });
  afterAll(() => dashboard?.close());

  test('a function is made, called, changed, followed and deleted', async () => {
    const name = `hello-${crypto.randomUUID().slice(0, 8)}`;
    const { page, context, problems, axe } = await dashboard.open();
    await page.goto('/functions');
    await page.getByRole('button', { name: 'New function' }).click();
    await page.getByLabel('Name', { exact: true }).fill('main');
    await page.getByText('main is reserved').waitFor();
    await page.getByLabel('Name', { exact: true }).fill(name);
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Deploy' }).click();
    await page.getByRole('heading', { name, level: 1 }).waitFor();

    await page.getByRole('tab', { name: 'Test' }).click();
    const answers = page.getByRole('region', { name: 'Body of the answer' });
    await page.getByRole('button', { name: 'Call' }).click();
    await answers.getByText('{"message":"Hello, Ann!"}').waitFor();
    await page.getByLabel('Ask for a valid token', { exact: true }).click();
    await page.getByText('Requests need a valid token now').waitFor();
    await page.getByLabel('Call as', { exact: true }).selectOption('none');
    await page.getByRole('button', { name: 'Call' }).click();
    await answers.getByText('UNAUTHORIZED_NO_AUTH_HEADER').waitFor();
    await page.getByLabel('Call as', { exact: true }).selectOption('anon');
    await page.getByRole('textbox', { name: 'Headers' }).fill('x-from: the tester');
    await page.getByRole('button', { name: 'Call' }).click();
    await answers.getByText('{"message":"Hello, Ann!"}').waitFor();
    expect(await axe()).toEqual([]);
    await page.getByLabel('Ask for a valid token', { exact: true }).click();
    await page.getByText('Requests need no token any more').waitFor();

    await page.getByRole('tab', { name: 'Code' }).click();
    const editor = page.getByRole('textbox', { name: 'index.ts' });
    await editor.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.insertText(
      "import { word } from './lib/word.ts'; Deno.serve((request) => { console.log('called once more'); return new Response(word + request.headers.get('x-from')); });",
    );
    await page.getByLabel('New file', { exact: true }).fill('lib/word.ts');
    await page.getByRole('button', { name: 'Add the file' }).click();
    await page.getByRole('textbox', { name: 'lib/word.ts' }).click();
    await page.keyboard.insertText("export const word = 'changed by ';");
    // Another view and back: nothing that was written is lost.
    await page.getByRole('tab', { name: 'Test' }).click();
    await page.getByRole('tab', { name: 'Code' }).click();
    expect(await axe()).toEqual([]);
    await page.getByRole('button', { name: 'Deploy 2 files' }).click();
    await page.getByText('It is deployed').waitFor();
    await page.getByText('Version 2').waitFor();
    const call = async () => {
      const answer = await fetch(`${stack.url}/functions/v1/${name}`, {
        headers: { apikey: stack.env.anonKey, 'x-from': 'me' },
      });
      return answer.text();
    };
    await expect.poll(call, { timeout: 20_000 }).toBe('changed by me');

    await page.getByRole('tab', { name: 'Logs' }).click();
    await page.getByText('called once more').first().waitFor();
    await page.getByRole('tab', { name: 'Invocations' }).click();
    await page
      .getByRole('cell', { name: `GET /${name}` })
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Delete the function' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('heading', { name: 'Functions', level: 1 }).waitFor();
    expect(await page.getByRole('link', { name }).count()).toBe(0);
    // The browser notes the refusal that was asked for, and nothing else.
    expect(problems).toEqual([expect.stringContaining('status of 401')]);
    await context.close();
  });
});
