import { expect, test } from 'vitest';
import { drawSvg } from './draw-svg.ts';
import { arrange, boxesOf } from './layout.ts';

const column = (name: string, type: string) => ({ name, type, nullable: true, key: name === 'id', unique: false });

test('the drawing holds every table and line, and names are no markup', () => {
  const { boxes, lines } = boxesOf('public', [
    {
      name: '<b>&"quoted"',
      rls: true,
      comment: null,
      columns: [column('id', 'int'), column('up', 'int')],
      references: [{ name: 'up', columns: ['up'], schema: 'auth', table: 'users', targets: ['id'] }],
    },
  ]);
  const svg = drawSvg(boxes, lines, arrange(boxes, lines), 'dark');
  expect(svg).toContain('&lt;b&gt;&amp;&quot;quoted&quot;');
  expect(svg).toContain('auth.users');
  expect(svg).not.toContain('<b>');
  expect(svg.match(/marker-end/g)).toHaveLength(1);
  expect(svg).toMatch(/^<svg [^>]*viewBox="-32 -32 \d+ \d+"/);
});
