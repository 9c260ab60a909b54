import { expect, test } from 'vitest';
import { cron, queues, vault, webhooks } from './sql.ts';

test('what somebody typed stays a text or a name', () => {
  const nasty = `a'; drop table "x"; --`;
  expect(cron.schedule({ name: nasty, schedule: '* * * * *', command: "select 'x'" })).toBe(
    `select cron.schedule('a''; drop table "x"; --', '* * * * *', 'select ''x''')`,
  );
  expect(cron.remove('7; drop')).toBe('select cron.unschedule(NaN::bigint)');
  expect(queues.peek(nasty)).toContain(`"pgmq"."q_a'; drop table ""x""; --"`);
  expect(vault.remove(nasty)).toContain(`= 'a''; drop table "x"; --'::uuid`);
});

test('a webhook is a trigger with five texts', () => {
  const sql = webhooks.create({
    name: 'told "x"',
    schema: 'public',
    table: 'todos',
    events: ['insert', 'delete', 'or drop'],
    method: 'POST',
    url: "https://example.org/it's",
    headers: '{"a":"b"}',
    timeout: '5000',
  });
  expect(sql).toBe(`
create trigger "told ""x""" after insert or delete
  on "public"."todos" for each row
  execute function supabase_functions.http_request('https://example.org/it''s', 'POST', '{"a":"b"}', '{}', '5000')`);
});
