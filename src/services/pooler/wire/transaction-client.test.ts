import { expect, test } from 'vitest';
import { playClient } from '../testing/played-client.ts';
import { message, readyForQuery } from './messages.ts';

const query = message('Q', 'select 1');
const textOf = (pieces: readonly Buffer[]) => Buffer.concat(pieces).toString();

test('a server that is lost while its settings are changed costs the client nothing', () => {
  const played = playClient({ application_name: 'mine' });
  const first = played.server({ application_name: 'theirs' });
  played.near.arrive(query);
  expect(textOf(first.far.sent)).toContain(`SET "application_name" TO 'mine'`);
  first.far.destroy();
  expect(played.waiting).toBe(true);
  expect(played.near.sent).toEqual([]);
  // What it sends meanwhile comes behind.
  played.near.arrive(message('Q', 'select 2'));
  const second = played.server({ application_name: 'theirs' });
  played.client.lend(second.server);
  expect(textOf(second.far.sent.splice(0))).toContain(`SET "application_name" TO 'mine'`);
  second.far.arrive(Buffer.concat([message('C', 'SET'), readyForQuery()]));
  expect(textOf(second.far.sent)).toBe(textOf([query, message('Q', 'select 2')]));
  expect(played.near.sent).toEqual([]);
});

test('a setting that the server refuses ends the client with its error', () => {
  const played = playClient({ application_name: 'mine' });
  const { far } = played.server({ application_name: 'theirs' });
  played.near.arrive(query);
  far.arrive(Buffer.concat([message('E', 'SERROR', 'VERROR', 'C22023', 'Mno', Buffer.alloc(1)), readyForQuery()]));
  expect(textOf(played.near.sent)).toMatch(/SFATAL.*C22023/s);
});

test('a server that is lost in the middle of a query ends its client with 08006', () => {
  const played = playClient();
  const { far } = played.server();
  played.near.arrive(query);
  far.destroy();
  expect(textOf(played.near.sent)).toMatch(/SFATAL.*C08006/s);
});
