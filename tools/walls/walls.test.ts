import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Survey, survey } from './cruise.ts';
import { kernelLevels, rules } from './rules.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// One offending file per rule: what a wall lets through here, it lets through everywhere.
const planted: readonly (readonly [rule: string, from: string, to: string])[] = [
  ['R1-kernel-knows-no-room', 'src/kernel/log/r1-room.ts', 'src/services/beta/index.ts'],
  ['R2-kernel-level-0', 'src/kernel/errors/r2-level-0.ts', 'src/kernel/log/index.ts'],
  ['R2-kernel-level-1', 'src/kernel/log/r2-level-1.ts', 'src/kernel/config/index.ts'],
  ['R2-kernel-level-2', 'src/kernel/jwt/r2-level-2.ts', 'src/kernel/sql/index.ts'],
  ['R2-kernel-level-3', 'src/kernel/sql/r2-level-3.ts', 'src/kernel/http/index.ts'],
  ['R2-kernel-level-4', 'src/kernel/deliveries/r2-level-4.ts', 'src/kernel/replication/index.ts'],
  ['R2-kernel-by-its-face', 'src/services/alpha/r2-face.ts', 'src/kernel/log/inner.ts'],
  ['R2-kernel-neighbour-by-its-face', 'src/kernel/sql/r2-neighbour.ts', 'src/kernel/log/inner.ts'],
  ['R3-room-by-its-front-door', 'src/services/alpha/r3-deep.ts', 'src/services/beta/core/decide.ts'],
  ['R3-room-by-its-front-door-from-app', 'src/app/r3-deep.ts', 'src/services/beta/core/decide.ts'],
  ['R4-types-only-between-rooms', 'src/services/alpha/r4-value.ts', 'src/services/beta/index.ts'],
  ['R5-nobody-imports-the-app', 'src/services/alpha/r5-app.ts', 'src/app/index.ts'],
  ['R5-nobody-imports-the-cli', 'src/app/r5-cli.ts', 'src/cli/start.ts'],
  ['R5-nobody-imports-main', 'src/cli/r5-main.ts', 'src/main.ts'],
  ['R6-core-knows-no-routes', 'src/services/alpha/core/r6-routes.ts', 'src/services/alpha/routes/table.ts'],
  ['R6-sql-knows-no-core', 'src/services/alpha/sql/r6-core.ts', 'src/services/alpha/core/decide.ts'],
  ['R6-no-http-below-routes', 'src/services/alpha/core/r6-node-http.ts', 'http'],
  ['R6-no-http-below-routes', 'src/services/alpha/sql/r6-kernel-http.ts', 'src/kernel/http/index.ts'],
  ['R7-owner-of-@fastify/busboy', 'src/services/beta/r7-busboy.ts', '@fastify/busboy'],
  ['R7-owner-of-@tus/server', 'src/services/beta/r7-tus.ts', '@tus/server'],
  ['R7-owner-of-@aws-sdk/s3-request-presigner', 'src/services/beta/r7-presigner.ts', '@aws-sdk/s3-request-presigner'],
  ['R7-owner-of-@aws-sdk/client-s3', 'src/services/beta/r7-aws.ts', '@aws-sdk/client-s3'],
  ['R7-owner-of-@node-rs/argon2', 'src/services/beta/r7-argon2.ts', '@node-rs/argon2'],
  ['R7-owner-of-@node-saml/node-saml', 'src/services/beta/r7-node-saml.ts', '@node-saml/node-saml'],
  ['R7-owner-of-@noble/curves', 'src/services/beta/r7-noble-curves.ts', '@noble/curves'],
  ['R7-owner-of-@noble/hashes', 'src/services/beta/r7-noble-hashes.ts', '@noble/hashes'],
  ['R7-owner-of-@scure/base', 'src/services/beta/r7-scure-base.ts', '@scure/base'],
  ['R7-owner-of-@simplewebauthn/server', 'src/services/beta/r7-simplewebauthn.ts', '@simplewebauthn/server'],
  ['R7-owner-of-pprof-format', 'src/services/beta/r7-pprof-format.ts', 'pprof-format'],
  ['R7-owner-of-pgsql-parser', 'src/services/beta/r7-pgsql-parser.ts', 'pgsql-parser'],
  ['R7-owner-of-prettier', 'src/services/beta/r7-prettier.ts', 'prettier'],
  ['R7-owner-of-sql-formatter', 'src/services/beta/r7-sql-formatter.ts', 'sql-formatter'],
  ['R7-owner-of-smol-toml', 'src/services/beta/r7-smol-toml.ts', 'smol-toml'],
  ['R7-owner-of-uqr', 'src/services/beta/r7-uqr.ts', 'uqr'],
  ['R7-owner-of-@nats-io/jetstream', 'src/services/beta/r7-jetstream.ts', '@nats-io/jetstream'],
  ['R7-owner-of-@nats-io/transport-node', 'src/services/beta/r7-nats.ts', '@nats-io/transport-node'],
  ['R7-owner-of-@opentelemetry/api', 'src/services/beta/r7-otel-api.ts', '@opentelemetry/api'],
  [
    'R7-owner-of-@opentelemetry/exporter-trace-otlp-http',
    'src/services/beta/r7-otel-exporter.ts',
    '@opentelemetry/exporter-trace-otlp-http',
  ],
  ['R7-owner-of-@opentelemetry/resources', 'src/services/beta/r7-otel-resources.ts', '@opentelemetry/resources'],
  ['R7-owner-of-@opentelemetry/sdk-trace-base', 'src/services/beta/r7-otel-sdk.ts', '@opentelemetry/sdk-trace-base'],
  ['R7-owner-of-ws', 'src/services/beta/r7-ws.ts', 'ws'],
  ['R7-owner-of-@xmldom/xmldom', 'src/services/beta/r7-xmldom.ts', '@xmldom/xmldom'],
  ['R7-owner-of-@node-rs/bcrypt', 'src/services/beta/r7-bcrypt.ts', '@node-rs/bcrypt'],
  ['R7-owner-of-fastify', 'src/services/beta/r7-fastify.ts', 'fastify'],
  ['R7-owner-of-jose', 'src/services/beta/r7-jose.ts', 'jose'],
  ['R7-owner-of-croner', 'src/services/beta/r7-croner.ts', 'croner'],
  ['R7-owner-of-nodemailer', 'src/services/beta/r7-nodemailer.ts', 'nodemailer'],
  ['R7-owner-of-pg', 'src/services/beta/r7-pg.ts', 'pg'],
  ['R7-owner-of-pino', 'src/services/beta/r7-pino.ts', 'pino'],
  ['R7-owner-of-sharp', 'src/services/beta/r7-sharp.ts', 'sharp'],
  ['R7-package-without-owner', 'src/services/beta/r7-unowned.ts', 'typescript'],
  ['R8-no-cycles', 'src/app/r8-ring-a.ts', 'src/app/r8-ring-b.ts'],
  ['R9-no-test-code-in-production', 'src/services/alpha/r9-fake.ts', 'src/services/alpha/testing/fake.ts'],
  ['R9-no-test-code-in-production', 'src/services/alpha/r9-test.ts', 'src/services/alpha/inner.test.ts'],
  ['R10-conformance-is-a-black-box', 'test/conformance/r10-source.test.ts', 'src/services/alpha/index.ts'],
  ['R11-not-by-the-own-face', 'src/services/alpha/core/r11-own-face.ts', 'src/services/alpha/index.ts'],
  ['R12-resolvable', 'src/app/r12-nowhere.ts', './nowhere.ts'],
  ['R13-declared-for-production', 'src/services/beta/r13-development.ts', 'vitest'],
  ['R7-package-without-owner', 'src/services/beta/r13-development.ts', 'vitest'],
  ['R14-studio-knows-no-server', 'studio/src/pages/two/r14-server.ts', 'src/kernel/log/index.ts'],
  ['R14-server-knows-no-studio', 'src/app/r14-studio.ts', 'studio/src/pages/one/page.ts'],
  ['R15-page-knows-no-other-page', 'studio/src/pages/two/r15-page.ts', 'studio/src/pages/one/page.ts'],
  ['R15-below-pages', 'studio/src/design/r15-pages.ts', 'studio/src/pages/one/page.ts'],
  ['R15-below-design', 'studio/src/data/r15-design.ts', 'studio/src/design/plain.ts'],
  ['R16-studio-owner-of-@codemirror', 'studio/src/pages/two/r16-codemirror.ts', '@codemirror/state'],
  ['R16-studio-owner-of-@dagrejs/dagre', 'studio/src/pages/two/r16-dagre.ts', '@dagrejs/dagre'],
  ['R16-studio-owner-of-@xyflow/react', 'studio/src/pages/two/r16-xyflow.ts', '@xyflow/react'],
  ['R16-studio-owner-of-@lezer', 'studio/src/pages/two/r16-lezer.ts', '@lezer/highlight'],
  ['R16-studio-owner-of-@tanstack/react-virtual', 'studio/src/pages/two/r16-virtual.ts', '@tanstack/react-virtual'],
  ['R16-studio-owner-of-react-dom', 'studio/src/pages/two/r16-react-dom.ts', 'react-dom'],
  ['R16-studio-owner-of-uqr', 'studio/src/pages/two/r16-uqr.ts', 'uqr'],
  ['R16-studio-owner-of-cm6-graphql', 'studio/src/pages/two/r16-cm6-graphql.ts', 'cm6-graphql'],
  ['R16-studio-owner-of-graphql', 'studio/src/pages/two/r16-graphql.ts', 'graphql'],
];

describe('planted violations', () => {
  let found: Survey;
  beforeAll(async () => {
    found = await survey(at('planted'));
  }, 240_000);

  test('each is reported, and nothing else', () => {
    const packageOf = (to: string) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(to)?.[1] ?? to;
    const reported = found.breaches.map(({ rule, from, to }) => [rule, from, packageOf(to)].join(' | '));
    expect(reported.sort()).toEqual(planted.map((entry) => entry.join(' | ')).sort());
  });

  test('there is one for every rule', () => {
    const broken = new Set(found.breaches.map(({ rule }) => rule));
    expect(rules.map(({ name }) => name).filter((name) => !broken.has(name as string))).toEqual([]);
  });
});

describe('the real tree', () => {
  const onDisk = ['src', 'studio/src'].flatMap((folder) =>
    readdirSync(at(`../../${folder}`), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
  );
  let found: Survey;
  beforeAll(async () => {
    found = await survey(at('../..'));
  }, 240_000);

  // A checker without a parser for TypeScript examines nothing and is content.
  test('every source file has been examined, and its imports understood', () => {
    const examined = new Set(found.modules);
    expect(onDisk.filter((name) => !examined.has(name))).toEqual([]);
    expect(onDisk.length).toBeGreaterThan(60);
    expect(found.imports).toBeGreaterThan(onDisk.length);
  });

  test('every kernel folder has a level', () => {
    const folders = readdirSync(at('../../src/kernel'));
    expect(kernelLevels.flat().sort()).toEqual(folders.sort());
  });
});
