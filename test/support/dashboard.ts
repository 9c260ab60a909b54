import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { executable } from './browser.ts';
import type { StackAddress } from './stack.ts';

/** A browser that looks at the dashboard of a stack. */
export interface Dashboard {
  /** A new window, signed in as the owner unless told otherwise. */
  open(options?: DashboardOptions): Promise<DashboardPage>;
  close(): Promise<void>;
}

/** How to look at it. */
export interface DashboardOptions {
  readonly signedIn?: boolean;
  readonly width?: number;
  readonly dark?: boolean;
  /** Name in the address; default the stack's, which is a number. */
  readonly host?: string;
}

/** A window, with what went wrong in it. */
export interface DashboardPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors in the console and of scripts, violations of the content policy among them. */
  readonly problems: readonly string[];
  signIn(name?: string, password?: string): Promise<void>;
  /** Violations that axe calls serious or critical: rule and element. */
  axe(): Promise<readonly string[]>;
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Starts Chromium for a stack's dashboard. */
export async function openDashboard(stack: StackAddress): Promise<Dashboard> {
  const browser: Browser = await chromium.launch({
    executablePath: executable,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  return {
    async open({ signedIn = true, width = 1280, dark = false, host } = {}) {
      const context = await browser.newContext({
        viewport: { width, height: 800 },
        colorScheme: dark ? 'dark' : 'light',
        reducedMotion: 'reduce',
        baseURL: host === undefined ? stack.url : stack.url.replace('127.0.0.1', host),
      });
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      const problems: string[] = [];
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(`${message.text()} ${message.location().url}`.trim());
      });
      page.on('pageerror', (error) => problems.push(error.message));
      const window: DashboardPage = {
        page,
        context,
        problems,
        async signIn(name = stack.env.dashboard.username, password = stack.env.dashboard.password) {
          await page.getByLabel('Name', { exact: true }).fill(name);
          await page.getByLabel('Password', { exact: true }).fill(password);
          await page.getByRole('button', { name: 'Sign in' }).click();
        },
        async axe() {
          // The policy of the page lets no script in by a tag; the debugger's own way is not the page's.
          await page.evaluate(axeSource);
          return page.evaluate(async () => {
            const { axe } = globalThis as unknown as {
              axe: {
                run(options: object): Promise<{
                  violations: { id: string; impact: string; nodes: { html: string }[] }[];
                }>;
              };
            };
            const { violations } = await axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] });
            return violations
              .filter(({ impact }) => impact === 'serious' || impact === 'critical')
              .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
          });
        },
      };
      await page.goto('/');
      if (signedIn) {
        await window.signIn();
        await page
          .getByRole('navigation', { name: 'Pages' })
          .or(page.getByRole('button', { name: 'Navigation' }))
          .first()
          .waitFor();
      }
      return window;
    },
    close: () => browser.close(),
  };
}
