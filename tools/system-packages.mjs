// Debian packages some tests need: a distribution's PostgreSQL 15 to run as the embedded server, openssl for TLS towards
// one, a browser for what only browsers do, a NATS server for several nodes, an S3 client, and drivers of other languages. They are installed where that is possible; elsewhere those tests are reported as skipped by name.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';

const wanted = [
  ['postgresql-15', '/usr/lib/postgresql/15/bin/postgres'],
  ['openssl', '/usr/bin/openssl'],
  ['chromium', '/usr/bin/chromium'],
  ['nats-server', '/usr/sbin/nats-server'],
  ['python3-asyncpg', '/usr/lib/python3/dist-packages/asyncpg/__init__.py'],
  ['default-jdk-headless', '/usr/bin/javac'],
  ['s3cmd', '/usr/bin/s3cmd'],
  ['libpostgresql-jdbc-java', '/usr/share/java/postgresql.jar'],
];
const missing = wanted.filter(([, path]) => !existsSync(path)).map(([name]) => name);

if (missing.length === 0) console.log('all there');
else if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
  console.log(`${missing.join(', ')} cannot be installed here; the tests that need them are skipped`);
else {
  // The package would make and start a server of its own otherwise.
  mkdirSync('/etc/postgresql-common', { recursive: true });
  const config = '/etc/postgresql-common/createcluster.conf';
  if (!existsSync(config)) writeFileSync(config, 'create_main_cluster = false\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args) =>
    spawnSync('apt-get', ['-q', '-o', 'Dpkg::Options::=--force-confold', ...args], { stdio: 'inherit', env });
  apt('update');
  const { status } = apt('install', '-y', '--no-install-recommends', ...missing);
  if (status !== 0) console.log('the packages could not be installed; the tests that need them are skipped');
}
