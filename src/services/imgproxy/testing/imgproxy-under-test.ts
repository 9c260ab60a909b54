import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { resolveSettings } from '#kernel/config';
import { createEgress } from '#kernel/egress';
import { createLogger, createRedactor } from '#kernel/log';
import { imgproxyRoom } from '../create.ts';
import type { ImgproxyApi } from '../ports.ts';
import { imgproxySettings } from '../settings.ts';

/** A whole answer. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An imgproxy room behind a listener of its own, with a folder of sources. */
export interface ImgproxyUnderTest {
  readonly url: string;
  readonly folder: string;
  readonly cache: string;
  readonly api: ImgproxyApi;
  /** Lines logged at warning and above. */
  readonly lines: readonly string[];
  /** Puts a file into the folder of sources. */
  put(name: string, bytes: Buffer | string): void;
  /** Sends a request whose path is taken as it stands. */
  get(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Reply>;
  health(): unknown;
  stop(): Promise<void>;
}

/** Starts the room. @param env settings by name; `local://` sources come from its folder */
export async function startImgproxy(env: Readonly<Record<string, string>> = {}): Promise<ImgproxyUnderTest> {
  const base = mkdtempSync(join(tmpdir(), 'imgproxy-test-'));
  const folder = join(base, 'sources');
  const cache = join(base, 'cache');
  mkdirSync(folder);
  const { values, problems } = resolveSettings(imgproxySettings, {
    env: { IMGPROXY_LOCAL_FILESYSTEM_ROOT: folder, ...env },
    files: [],
    alone: false,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const lines: string[] = [];
  const log = createLogger({
    level: 'warn',
    redact: createRedactor([]),
    destination: { write: (line) => lines.push(line) },
  });
  const room = imgproxyRoom.create({
    settings: values,
    log,
    cwd: base,
    egress: (also) => createEgress({ allowed: also }),
    cacheFolder: cache,
  });
  const server = createServer((request, response) => room.mounts[0]?.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await room.start(new AbortController().signal);
  return {
    url: `http://127.0.0.1:${port}`,
    folder,
    cache,
    lines,
    api: room.api,
    put(name, bytes) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), bytes);
    },
    get: (path, headers = {}, method = 'GET') => send(port, path, headers, method),
    health: () => room.health(),
    async stop() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
      await room.stop();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

function send(port: number, path: string, headers: Readonly<Record<string, string>>, method: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
