import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

/** The browser of the distribution's package. */
export const executable = '/usr/bin/chromium';

/** Whether there is a browser to test with. */
export const hasBrowser = existsSync(executable);

/** A page that has loaded the official client and that of resumable uploads (`supabase`, `tus`), in a browser with authenticators of software. */
export interface ClientPage {
  readonly origin: string;
  readonly page: Page;
  /** Gives the browser an authenticator: the machine's own, which keeps passkeys, or a security key, in the former one's place. */
  plugIn(transport: 'internal' | 'usb'): Promise<void>;
  close(): Promise<void>;
}

/** Serves an empty page with both clients on a port of localhost; WebAuthn works there without TLS. */
export async function serveClientPage(): Promise<{
  readonly origin: string;
  open(): Promise<ClientPage>;
  stop(): void;
}> {
  const { resolve: find } = createRequire(import.meta.url);
  const folderOf = (name: string) => dirname(find(name));
  const scripts: Readonly<Record<string, Buffer>> = {
    '/supabase.js': readFileSync(join(folderOf('@supabase/supabase-js'), 'umd/supabase.js')),
    '/tus.js': readFileSync(join(folderOf('tus-js-client/package.json'), 'dist/tus.min.js')),
  };
  const tags = Object.keys(scripts).map((path) => `<script src="${path}"></script>`);
  const server = createServer((request, response) => {
    const script = scripts[request.url ?? ''];
    response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' });
    response.end(script ?? `<!doctype html><title>test</title>${tags.join('')}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  return { origin, open: () => openPage(origin), stop: () => void server.close() };
}

async function openPage(origin: string): Promise<ClientPage> {
  const profile = mkdtempSync(join(tmpdir(), 'browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const page = await context.newPage();
  const plugIn = await authenticators(page);
  await page.goto(origin);
  return {
    origin,
    page,
    plugIn,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Authenticators of software for a page (WebAuthn §11). @returns what gives it one, in the former one's place */
export async function authenticators(page: Page): Promise<ClientPage['plugIn']> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  let plugged: string | undefined;
  return async (transport) => {
    if (plugged !== undefined) await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: plugged });
    const options = {
      protocol: 'ctap2' as const,
      transport,
      hasResidentKey: transport === 'internal',
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    };
    plugged = (await devtools.send('WebAuthn.addVirtualAuthenticator', { options })).authenticatorId;
  };
}
