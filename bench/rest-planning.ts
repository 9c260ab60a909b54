// Measured against a bar: planning (parse, plan and SQL) of a typical GET within 40 µs, median, warm. No database. It is the
// built code that is timed: what translates sources on the fly adds a third to small functions.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { madeUpCatalog } from '../src/services/rest/testing/catalog.ts';

const bar = 40;
const requests: readonly (readonly [name: string, path: string, query: string])[] = [
  ['point read', '/tasks', 'select=id,name,project_id,done&id=eq.42'],
  [
    'list with filters, order and page',
    '/tasks',
    'select=*&done=is.false&name=ilike.*report*&order=id.desc.nullslast&limit=20&offset=40',
  ],
  [
    'two embeds and a logic tree',
    '/projects',
    'select=id,name,client:clients(id,name),tasks(id,name,done)&or=(id.gt.10,and(name.eq.x,client_id.not.is.null))&tasks.order=id.asc&limit=10',
  ],
];
const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'support/planning.mjs')], {
  input: JSON.stringify({ catalog: madeUpCatalog(), requests, bar }),
  stdio: ['pipe', 'inherit', 'inherit'],
});
process.exitCode = status ?? 1;
