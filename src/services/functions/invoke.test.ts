import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FunctionsUnderTest, startFunctions } from './testing/functions-under-test.ts';

let room: FunctionsUnderTest;

beforeAll(async () => {
  room = await startFunctions({
    'hello/index.ts': `Deno.serve((request) => Response.json({ path: new URL(request.url).pathname, method: request.method }))`,
    'exported/index.ts': `export default { fetch: (request: Request) => new Response(request.url) }`,
    'broken/index.ts': `Deno.serve(() => new Response('x')`,
    'env/index.ts': `Deno.serve(() => Response.json(Deno.env.toObject()))`,
    'text/index.ts': `import text from '../../../../../../etc/passwd' with { type: 'text' }; Deno.serve(() => new Response(text))`,
  });
});

afterAll(() => room.stop());

const get = async (path: string, init?: RequestInit) => {
  const answer = await fetch(room.url + path, init);
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
};

test('a function answers with its name in the path', async () => {
  const { status, text } = await get('/hello/a/b?c=d', { method: 'POST', body: 'x' });
  expect([status, JSON.parse(text)]).toEqual([200, { path: '/hello/a/b', method: 'POST' }]);
});

test('an exported fetch serves', async () => {
  expect((await get('/exported/x')).text).toBe(`${room.url}/exported/x`);
});

test('a function that does not start', async () => {
  const { status, text } = await get('/broken');
  expect([status, JSON.parse(text)]).toEqual([
    503,
    { code: 'BOOT_ERROR', message: 'Worker failed to boot (please check logs)' },
  ]);
  console.log(room.journal);
});

test('env', async () => {
  console.log((await get('/env')).text);
  console.log((await get('/text')).text);
  console.log(room.journal.filter((e) => e.function === 'text'));
});
