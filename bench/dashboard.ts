// The dashboard in Chromium against its bars: in use within 1 s, and no long task (50 ms and more, W3C Long Tasks) while a table of a
// million rows is scrolled; the same wheel over an empty page says what of it is the machine's.
import { chromium, type Page } from 'playwright-core';
import { median } from './support/load.ts';
import { startProduct } from './support/product.ts';
import { asPostgres } from './support/product-sql.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const turns = Number(process.env.TURNS ?? 200);
const window = { width: 1280, height: 800 };

/** What the page's thread was busy with while something was done. */
interface Busyness {
  /** Milliseconds between two frames: the 95th of 100, and the longest. */
  readonly p95: number;
  readonly longest: number;
  /** Tasks of 50 ms and more. */
  readonly long: number;
}

// A text, because what compiles this file adds helpers to functions that a page does not have.
const watching = `{
  const state = { long: 0, frames: [], over: false };
  globalThis.busyness = state;
  new PerformanceObserver((list) => { state.long += list.getEntries().length; }).observe({ type: 'longtask' });
  let before = performance.now();
  const frame = (now) => {
    state.frames.push(now - before);
    before = now;
    if (!state.over) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}`;

async function wheel(page: Page): Promise<Busyness> {
  await page.mouse.move(window.width / 2, window.height / 2);
  await page.evaluate(watching);
  for (let turn = 0; turn < turns; turn++) await page.mouse.wheel(0, 400);
  return page.evaluate(() => {
    const { busyness } = globalThis as unknown as { busyness: { long: number; frames: number[]; over: boolean } };
    busyness.over = true;
    const frames = busyness.frames.sort((a, b) => a - b);
    return {
      p95: frames[Math.floor(frames.length * 0.95)] ?? 0,
      longest: frames.at(-1) ?? 0,
      long: busyness.long,
    };
  });
}

const product = await startProduct();
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
try {
  await asPostgres(
    product,
    `create table public.readings (id bigint primary key, device text, value float8, taken timestamptz, note text);
     insert into public.readings select n, 'device ' || n % 500, n * 0.25, timestamptz '2026-01-01' + n * interval '1 second', 'row ' || n
       from generate_series(1, 1000000) n;
     analyze public.readings`,
  );
  const times = { form: [] as number[], home: [] as number[], table: [] as number[] };
  const seen: Busyness[] = [];
  const empty: Busyness[] = [];
  for (let round = 0; round < rounds; round++) {
    const context = await browser.newContext({ viewport: window, baseURL: product.url });
    const page = await context.newPage();
    const timed = async (list: number[], path: string, ready: () => Promise<unknown>) => {
      const began = performance.now();
      await page.goto(path, { waitUntil: 'commit' });
      await ready();
      list.push(performance.now() - began);
    };
    await timed(times.form, '/', () => page.getByLabel('Name').waitFor());
    await page.getByLabel('Name').fill(product.env.DASHBOARD_USERNAME ?? 'supabase');
    await page.getByLabel('Password').fill(product.env.DASHBOARD_PASSWORD ?? '');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
    await timed(times.home, '/', () => page.getByRole('heading', { level: 1 }).waitFor());
    await timed(times.table, '/editor/public/readings', () => page.getByRole('gridcell').nth(5).waitFor());
    seen.push(await wheel(page));
    const rows = await page.getByRole('grid').getAttribute('aria-rowcount');
    const drawn = await page.getByRole('row').count();
    if (round === 0) console.log(`after ${turns} turns of the wheel ${rows} rows are loaded, ${drawn} drawn`);
    await page.goto('about:blank');
    await page.setContent('<div style="height: 1000000px">empty</div>');
    empty.push(await wheel(page));
    await context.close();
  }
  const middle = (list: readonly number[]) => `${median(list).toFixed(0)} ms`;
  console.log(`first visit to the sign-in form  ${middle(times.form)}   bar 1000 ms`);
  console.log(`signed in to the home page       ${middle(times.home)}   bar 1000 ms`);
  console.log(`signed in to a table's rows      ${middle(times.table)}   bar 1000 ms`);
  for (const [name, list] of Object.entries({ 'table of 1,000,000 rows': seen, 'empty page': empty })) {
    const of = (key: keyof Busyness) => median(list.map((one) => one[key]));
    console.log(
      `${name.padEnd(24)} frames p95 ${of('p95').toFixed(1)} ms, longest ${of('longest').toFixed(1)} ms, long tasks ${of('long')}`,
    );
  }
} finally {
  await browser.close();
  await product.stop();
  product.remove();
}
