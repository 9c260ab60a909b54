// Takes the pictures of the dashboard in docs/pictures from a stack with example data. `npm run screenshots -- FOLDER` takes all: every
// page of the navigation and some below, wide and narrow, light and dark.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import sharp from 'sharp';
import { startProduct } from '../bench/support/product.ts';
import { seed } from './screenshots/seed.ts';

const all = process.argv[2];
const folder = resolve(all ?? join(import.meta.dirname, '../docs/pictures'));
// Those that the README and the guides show.
const shown: readonly string[] = ['home', 'tables', 'sql-editor', 'logs', 'map'];
const query =
  'select genre, count(*) as films, round(avg(us_gross) / 1e6) as millions\nfrom movies\nwhere genre is not null\ngroup by genre\norder by films desc';
const views = [
  { suffix: '', width: 1280, height: 800, colorScheme: 'light' },
  { suffix: '-dark', width: 1280, height: 800, colorScheme: 'dark' },
  { suffix: '-narrow', width: 390, height: 844, colorScheme: 'light' },
  { suffix: '-narrow-dark', width: 390, height: 844, colorScheme: 'dark' },
] as const;
// Pages that show more below their first address.
const deeper: Readonly<Record<string, string>> = {
  '/editor': '/editor/public/movies',
  '/sql': `/sql?new=${encodeURIComponent(query)}`,
};

// Views that are not in the navigation, looked at with the others.
const further: readonly { readonly path: string; readonly title: string }[] = [
  { path: '/editor/public', title: 'table list' },
  { path: '/auth/policies', title: 'policies' },
  { path: '/auth/settings/sign-up', title: 'sign-in settings' },
  { path: '/storage/avatars', title: 'bucket' },
  { path: '/storage/avatars?policies', title: 'bucket policies' },
  { path: '/logs/sql', title: 'logs sql' },
  { path: '/database/schemas', title: 'map' },
  { path: '/database/functions', title: 'database functions' },
  { path: '/database/roles', title: 'roles' },
  { path: '/database/privileges', title: 'privileges' },
  { path: '/auth/templates', title: 'mail templates' },
];

mkdirSync(folder, { recursive: true });
const product = await startProduct();
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  console.log('filling a stack …');
  await seed(product);
  for (const { suffix, width, height, colorScheme } of views) {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme,
      reducedMotion: 'reduce',
      baseURL: product.url,
    });
    for (const { path, title } of [...(await signIn(context)), ...further]) {
      const name = `${title.toLowerCase().replaceAll(/\W+/g, '-')}${suffix}`;
      if (all === undefined && !shown.includes(name)) continue;
      const page = await context.newPage();
      await page.goto(deeper[path] ?? path);
      if (path === '/sql') await page.getByRole('button', { name: 'Run' }).click();
      await shoot(page, name);
      await page.close();
    }
    await context.close();
  }
} finally {
  await browser.close();
  await product.stop();
  product.remove();
}

/** Signs in, and says which pages the navigation has. */
async function signIn(context: BrowserContext): Promise<readonly { path: string; title: string }[]> {
  const page = await context.newPage();
  await page.goto('/');
  await page.getByLabel('Name').fill(product.env.DASHBOARD_USERNAME ?? 'supabase');
  await page.getByLabel('Password').fill(product.env.DASHBOARD_PASSWORD ?? '');
  await page.getByRole('button', { name: 'Sign in' }).click();
  const menu = page.getByRole('button', { name: 'Navigation' });
  await page.getByRole('navigation', { name: 'Pages' }).or(menu).first().waitFor();
  if (await menu.isVisible()) await menu.click();
  const links = await page
    .getByRole('navigation', { name: 'Pages' })
    .getByRole('link')
    .evaluateAll((all) =>
      all.map((link) => ({ path: link.getAttribute('href') ?? '', title: link.textContent ?? '' })),
    );
  await page.close();
  // The name of the project leads home too.
  return [...new Map(links.map((link) => [link.path, link])).values()];
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.waitForLoadState('networkidle').catch(() => {});
  const picture = await page.screenshot();
  // A palette: a third of the bytes, and the same to the eye.
  await sharp(picture)
    .png({ palette: true, compressionLevel: 9 })
    .toFile(join(folder, `${name}.png`));
  console.log(`${name}.png`);
}
