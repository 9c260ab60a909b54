import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { type Dashboard, openDashboard } from '../support/dashboard.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// Pages of the dashboard that show what happens while one looks: channels and logs.
const stack = sharedStack();
const unique = () => crypto.randomUUID().slice(0, 8);

describe.skipIf(!hasBrowser)('in a browser', () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard(stack);
  });
  afterAll(() => dashboard?.close());

  test('a channel is joined: broadcasts, presence and database changes come message by message', async () => {
    const [topic, table] = [`room-${unique()}`, `live_${unique()}`];
    await runSql(
      stack,
      `create table public.${table} (id int primary key); alter publication supabase_realtime add table public.${table}`,
    );
    const { page, context, problems, axe } = await dashboard.open();
    const messages = page.getByRole('list', { name: 'Messages' });
    const message = (text: RegExp) => messages.getByRole('button', { name: text });
    try {
      await page.goto(`/realtime?topic=${topic}`);
      await page.getByLabel('Database changes', { exact: true }).selectOption(`public.${table}`);
      expect(page.url()).toContain(`table=public.${table}`);
      await page.getByRole('button', { name: 'Join', exact: true }).click();
      await page.getByText(`Joined ${topic}`).waitFor();
      await message(/Subscribed to PostgreSQL/).waitFor();
      expect(await axe()).toEqual([]);

      await page.getByLabel('Payload (JSON)', { exact: true }).fill('{ "text": ');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.getByText(/This is no JSON/).waitFor();
      await page.getByLabel('Payload (JSON)', { exact: true }).fill('{ "text": "from the page" }');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await message(/received.*broadcast message.*from the page/).waitFor();
      const sent = await fetch(`${stack.url}/realtime/v1/api/broadcast`, {
        method: 'POST',
        headers: { apikey: stack.env.anonKey, 'content-type': 'application/json' },
        body: JSON.stringify({ messages: [{ topic, event: 'elsewhere', payload: { text: 'from a server' } }] }),
      });
      expect(sent.status).toBe(202);
      await message(/broadcast elsewhere.*from a server/).click();
      await page.getByRole('region', { name: 'message', exact: true }).getByText('"text": "from a server"').waitFor();

      await page.getByRole('button', { name: 'Track', exact: true }).click();
      await page.getByRole('list', { name: 'Who is here' }).getByText('the dashboard').waitFor();
      await page.getByRole('button', { name: 'Untrack' }).click();
      await page.getByText('Nobody is here.').waitFor();

      await runSql(stack, `insert into public.${table} values (7)`);
      await message(/postgres_changes.*"record":\{"id":7\}/).waitFor();

      await page.getByRole('button', { name: 'Leave', exact: true }).click();
      await page.getByText('Not joined').waitFor();
      await page.getByLabel('Private', { exact: true }).check();
      await page.getByLabel('Join as', { exact: true }).selectOption('anon');
      await page.getByRole('button', { name: 'Join', exact: true }).click();
      await page
        .getByRole('alert')
        .getByText(/^Unauthorized: You do not have permissions to read/)
        .waitFor();
      await message(/sent.*phx_join.*"access_token":"\(not shown\)"/).waitFor();
      expect(problems).toEqual([]);
    } finally {
      await context.close();
      await runSql(stack, `drop table public.${table}`);
    }
  });

  test('logs come live, are narrowed, opened and followed to their request', async () => {
    const name = `none-${unique()}`;
    const ask = (path: string) => fetch(`${stack.url}${path}`, { headers: { apikey: stack.env.anonKey } });
    await ask(`/storage/v1/bucket/${name}-kept`);
    const { page, context, problems, axe } = await dashboard.open();
    const lines = page.getByRole('list', { name: 'Log lines' });
    const line = (text: RegExp) => lines.getByRole('link', { name: text });
    await page.goto('/logs');
    await page.getByRole('searchbox', { name: 'Part of the path' }).fill(name.toUpperCase());
    await line(new RegExp(`Gateway 400 GET /storage/v1/bucket/${name}-kept`)).waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await ask(`/storage/v1/bucket/${name}-live`);
    await line(new RegExp(`Gateway 400 GET /storage/v1/bucket/${name}-live`)).waitFor();
    expect(page.url()).toContain(`path=${name.toUpperCase()}`);
    expect(await axe()).toEqual([]);

    await page.getByRole('button', { name: /^5xx/ }).click();
    await page.getByRole('heading', { name: 'No lines fit' }).waitFor();
    await page.getByRole('button', { name: /^4xx/ }).click();
    await page.getByRole('button', { name: /^Gateway/ }).click();
    await line(/-live/).waitFor();
    expect(await line(/Storage/).count()).toBe(0);
    await line(/-live/).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByText('"status_code": 400').waitFor();
    expect(await axe()).toEqual([]);
    await sheet.getByRole('link', { name: 'All lines about this request' }).click();
    // The gateway's line and the service's own, by one id.
    await line(/Storage 400/).waitFor();
    await expect.poll(() => lines.getByRole('link').count()).toBe(2);

    await page.getByRole('tab', { name: 'SQL' }).click();
    const query = page.getByRole('textbox', { name: 'Query', exact: true });
    const write = async (text: string) => {
      await query.click();
      await page.keyboard.press('Control+a');
      await page.keyboard.press('Delete');
      await page.keyboard.insertText(text);
    };
    await write(`select count(*) as found from edge_logs where metadata #>> '{request,path}' like '%${name}%'`);
    await query.press('Control+Enter');
    await page.getByRole('cell', { name: '2', exact: true }).waitFor();
    await write('select nothing from edge_logs');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByText('column "nothing" does not exist').waitFor();
    await write('select * from edge_logs where event_m');
    await page.keyboard.press('Control+Space');
    await page.getByRole('option', { name: /^event_message/ }).waitFor();
    await page.keyboard.press('Escape');
    expect(problems.filter((text) => !text.includes('400'))).toEqual([]);
    await context.close();
  });
});
