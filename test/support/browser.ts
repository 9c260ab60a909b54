import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const executable = '/usr/bin/chromium';

/** Whether there is a browser to test with. */
export const hasBrowser = existsSync(executable);

/** A page that has loaded the official client, in a browser with authenticators of software. */
export interface ClientPage {
  readonly origin: string;
  readonly page: Page;
  /** Gives the browser an authenticator: the machine's own, which keeps passkeys, or a security key, in the former one's place. */
  plugIn(transport: 'internal' | 'usb'): Promise<void>;
  close(): Promise<void>;
}

/** Serves an empty page with the official client on a port of localhost; WebAuthn works there without TLS. */
export async function serveClientPage(): Promise<{
  readonly origin: string;
  open(): Promise<ClientPage>;
  stop(): void;
}> {
  const entry = createRequire(import.meta.url).resolve('@supabase/supabase-js');
  const script = readFileSync(join(dirname(entry), 'umd', 'supabase.js'));
  const server = createServer((request, response) => {
    const isScript = request.url === '/supabase.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? script : '<!doctype html><title>test</title><script src="/supabase.js"></script>');
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
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  let plugged: string | undefined;
  await page.goto(origin);
  return {
    origin,
    page,
    async plugIn(transport) {
      if (plugged !== undefined)
        await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: plugged });
      const options = {
        protocol: 'ctap2' as const,
        transport,
        hasResidentKey: transport === 'internal',
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      };
      plugged = (await devtools.send('WebAuthn.addVirtualAuthenticator', { options })).authenticatorId;
    },
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
