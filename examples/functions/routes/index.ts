// Several paths in one function, with Hono. The path keeps the function's name.
import { Hono } from 'npm:hono@4';

const app = new Hono().basePath('/routes');
app.get('/', (context) => context.text('routes'));
app.get('/hello/:name', (context) => context.json({ message: `Hello ${context.req.param('name')}!` }));
app.post('/sum', async (context) => {
  const numbers: number[] = await context.req.json();
  return context.json({ sum: numbers.reduce((sum, number) => sum + number, 0) });
});

Deno.serve(app.fetch);
