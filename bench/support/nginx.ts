import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, processTree } from './product.ts';

const binary = '/usr/sbin/nginx';

/** A web server of C that sends and receives files. */
export interface Nginx {
  readonly url: string;
  /** Name and version, and how it was started. */
  readonly command: string;
  /** Its processes; those of workers change with a reload only. */
  pids(): readonly number[];
  stop(): Promise<void>;
}

/** Whether it is installed (Debian: `apt-get install nginx`). */
export const hasNginx = existsSync(binary);

/**
 * Starts nginx on a folder as its documentation advises for static files and for receiving them: sendfile with tcp_nopush,
 * open files cached, no access log, uploads by WebDAV's PUT, moved from beside to their place. It does not bring files to
 * the disk (it has no such option).
 */
export async function startNginx(folder: string): Promise<Nginx> {
  const port = await freePort();
  const files = join(folder, 'files');
  for (const path of [files, join(folder, 'body')]) mkdirSync(path, { recursive: true });
  const config = join(folder, 'nginx.conf');
  writeFileSync(
    config,
    `worker_processes auto;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http {
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 65;
  keepalive_requests 1000000;
  access_log off;
  open_file_cache max=1000 inactive=60s;
  default_type application/octet-stream;
  client_max_body_size 0;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/body/proxy;
  fastcgi_temp_path ${folder}/body/fastcgi;
  uwsgi_temp_path ${folder}/body/uwsgi;
  scgi_temp_path ${folder}/body/scgi;
  server {
    listen 127.0.0.1:${port} reuseport;
    root ${files};
    location / { dav_methods PUT; create_full_put_path on; }
  }
}
`,
  );
  const flags = ['-c', config, '-p', folder];
  const child = spawn(binary, flags, { stdio: ['ignore', 'inherit', 'inherit'] });
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    await sleep(20);
  }
  // It says so on its error output.
  const version = spawnSync(binary, ['-v'], { encoding: 'utf8' }).stderr.trim();
  return {
    url: `http://127.0.0.1:${port}`,
    command: `${version}: ${binary} ${flags.join(' ')} (worker_processes auto; sendfile, tcp_nopush, open_file_cache, dav PUT)`,
    pids: () => processTree(child.pid as number),
    async stop() {
      const ended = new Promise<void>((done) => child.once('exit', () => done()));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
