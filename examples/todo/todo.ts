import { join } from 'node:path';
import { untilServed } from '../lib/bulk-insert.ts';
import { applySql, clientFor, findConnection } from '../lib/connection.ts';

// The smallest application: two users, one table, and each of them sees only their own rows.
const connection = findConnection();
const { url, anonKey, serviceKey } = connection;
await applySql(connection.databaseUrl, join(import.meta.dirname, 'schema.sql'));
await untilServed({ url, key: serviceKey }, 'my_todos');

const admin = clientFor(url, serviceKey).auth.admin;

async function signIn(name: string) {
  const account = { email: `${name}@todo.example`, password: `${name}'s long password` };
  // The service may make users that are confirmed already; one that is there from an earlier run is fine.
  await admin.createUser({ ...account, email_confirm: true });
  const client = clientFor(url, anonKey);
  const { data, error } = await client.auth.signInWithPassword(account);
  if (error) throw error;
  console.log(`${name} signed in as ${data.user.id}`);
  return client;
}

const ann = await signIn('ann');
const ben = await signIn('ben');

const written = await ann
  .from('my_todos')
  .insert([{ task: 'buy milk' }, { task: 'water plants' }])
  .select();
if (written.error) throw written.error;
await ann.from('my_todos').update({ done: true }).eq('task', 'buy milk');
console.log('Ann sees', (await ann.from('my_todos').select('task, done').order('id')).data);
console.log('Ben sees', (await ben.from('my_todos').select('task, done')).data);

const meddling = await ben.from('my_todos').update({ done: false }).eq('task', 'buy milk').select();
console.log("Ben changes Ann's todos:", meddling.data?.length, 'rows');
const planted = await ben.from('my_todos').insert({ task: 'surprise', owner: written.data[0].owner });
console.log('Ben writes in her name:', planted.error?.code, planted.error?.message);

await ann.from('my_todos').delete().gt('id', 0);
await Promise.all([ann.auth.signOut(), ben.auth.signOut()]);
