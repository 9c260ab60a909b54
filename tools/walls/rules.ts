import type { IForbiddenRuleType } from 'dependency-cruiser';

const tests = String.raw`\.test\.ts$|/testing/`;

/** Kernel folders, lowest level first; a folder may import only from levels below its own. */
export const kernelLevels: readonly (readonly string[])[] = [
  ['errors', 'system'],
  ['log', 'config', 'trace', 'metrics'],
  ['lifecycle', 'jwt', 'bus', 'egress', 'tls'],
  ['sql', 'http'],
  ['replication', 'deliveries'],
];

/** Third-party packages and the one folder of `src` that may import each. */
export const packageOwners: Readonly<Record<string, string>> = {
  '@aws-sdk/client-s3': 'src/services/storage',
  '@aws-sdk/s3-request-presigner': 'src/services/storage',
  '@fastify/busboy': 'src/services/storage',
  '@nats-io/jetstream': 'src/kernel/bus',
  '@nats-io/transport-node': 'src/kernel/bus',
  '@opentelemetry/api': 'src/kernel/trace',
  '@opentelemetry/exporter-trace-otlp-http': 'src/kernel/trace',
  '@opentelemetry/resources': 'src/kernel/trace',
  '@opentelemetry/sdk-trace-base': 'src/kernel/trace',
  '@tus/server': 'src/services/storage',
  '@node-rs/argon2': 'src/services/auth',
  '@node-rs/bcrypt': 'src/services/auth',
  '@simplewebauthn/server': 'src/services/auth',
  '@node-saml/node-saml': 'src/services/auth',
  '@noble/curves': 'src/services/auth',
  'pprof-format': 'src/services/auth',
  '@noble/hashes': 'src/services/auth',
  '@scure/base': 'src/services/auth',
  '@xmldom/xmldom': 'src/services/auth',
  croner: 'src/services/db',
  fastify: 'src/kernel/http',
  jose: 'src/kernel/jwt',
  nodemailer: 'src/services/auth',
  pg: 'src/kernel/sql',
  'pgsql-parser': 'src/services/meta',
  pino: 'src/kernel/log',
  sharp: 'src/services/imgproxy',
  prettier: 'src/services/meta',
  'sql-formatter': 'src/services/meta',
  'smol-toml': 'src/services/functions',
  uqr: 'src/services/auth',
  ws: 'src/kernel/http',
};

function levelRules(): IForbiddenRuleType[] {
  // A folder alone on the highest level has nobody above it to import.
  const last = kernelLevels.at(-1)?.length === 1 ? kernelLevels.length - 1 : kernelLevels.length;
  return kernelLevels.slice(0, last).map((folders, level) => ({
    name: `R2-kernel-level-${level}`,
    comment: 'A kernel folder imports only from lower levels',
    severity: 'error',
    from: { path: `^src/kernel/(${folders.join('|')})/` },
    to: { path: `^src/kernel/(${kernelLevels.slice(level).flat().join('|')})/`, pathNot: '^src/kernel/$1/' },
  }));
}

// A package's types may come from @types; scoped names are written there with two underscores.
function installedAt(name: string): string {
  return `(^|/)node_modules/(${name}|@types/${name.replace('@', '').replace('/', '__')})/`;
}

function ownerRules(): IForbiddenRuleType[] {
  const owned = Object.entries(packageOwners).map<IForbiddenRuleType>(([name, owner]) => ({
    name: `R7-owner-of-${name}`,
    comment: `${name} is imported in ${owner} only; others use what that folder offers`,
    severity: 'error',
    from: { path: '^src/', pathNot: [`^${owner}/`, tests] },
    to: { path: installedAt(name) },
  }));
  const unowned: IForbiddenRuleType = {
    name: 'R7-package-without-owner',
    comment: 'A new package gets an owner in tools/walls/rules.ts',
    severity: 'error',
    from: { path: '^src/', pathNot: tests },
    to: { path: '(^|/)node_modules/', pathNot: Object.keys(packageOwners).map(installedAt) },
  };
  return [...owned, unowned];
}

/** Packages of the dashboard and the one place in it that may import each; the others belong to all of it. */
export const studioOwners: Readonly<Record<string, string>> = {
  '@codemirror/': 'studio/src/editor/',
  '@dagrejs/dagre': 'studio/src/pages/database/map/',
  '@lezer/': 'studio/src/editor/',
  '@tanstack/react-virtual': 'studio/src/grid/',
  '@xyflow/react': 'studio/src/pages/database/map/',
  'cm6-graphql': 'studio/src/editor/',
  graphql: 'studio/src/pages/graphql/',
  'react-dom': 'studio/src/main.tsx',
  uqr: 'studio/src/pages/account/',
};

function studioRules(): IForbiddenRuleType[] {
  return [
    {
      name: 'R14-studio-knows-no-server',
      comment: 'The dashboard reaches the server by its interface',
      severity: 'error',
      from: { path: '^studio/' },
      to: { path: '^(src|test|tools|bench)/' },
    },
    {
      name: 'R14-server-knows-no-studio',
      severity: 'error',
      from: { path: '^(src|test|bench)/' },
      to: { path: '^studio/' },
    },
    {
      name: 'R15-page-knows-no-other-page',
      comment: 'What two pages need stands beside `pages`',
      severity: 'error',
      from: { path: '^studio/src/pages/([^/]+)/' },
      to: { path: '^studio/src/pages/[^/]+/', pathNot: '^studio/src/pages/$1/' },
    },
    {
      name: 'R15-below-pages',
      comment: 'Design, data, SQL, the grid, editors, policies and fields of settings are used by pages and know none',
      severity: 'error',
      from: { path: '^studio/src/(design|data|sql|grid|editor|policies|settings)/' },
      to: { path: '^studio/src/(pages|shell|main)' },
    },
    {
      name: 'R15-below-design',
      severity: 'error',
      from: { path: '^studio/src/(data|sql)/' },
      to: { path: '^studio/src/(design|grid|editor|settings)/' },
    },
    ...Object.entries(studioOwners).map<IForbiddenRuleType>(([name, owner]) => ({
      name: `R16-studio-owner-of-${name.replace(/\/$/, '')}`,
      severity: 'error',
      from: { path: '^studio/src/', pathNot: `^${owner}` },
      to: { path: `(^|/)node_modules/${name.endsWith('/') ? name : `(${name}|@types/${name})/`}` },
    })),
  ];
}

/** The walls of the source tree. Each rule is broken once by a file below `planted/`, and a test expects the report. */
export const rules: IForbiddenRuleType[] = [
  {
    name: 'R1-kernel-knows-no-room',
    severity: 'error',
    from: { path: '^src/kernel/' },
    to: { path: '^src/(services|app|cli|main)' },
  },
  ...levelRules(),
  {
    name: 'R2-kernel-by-its-face',
    comment: 'A kernel folder is entered through its index.ts',
    severity: 'error',
    from: { path: '^src/(services|app|cli|main)' },
    to: { path: '^src/kernel/', pathNot: String.raw`^src/kernel/[^/]+/index\.ts$` },
  },
  {
    name: 'R2-kernel-neighbour-by-its-face',
    severity: 'error',
    from: { path: '^src/kernel/([^/]+)/' },
    to: { path: '^src/kernel/', pathNot: ['^src/kernel/$1/', String.raw`^src/kernel/[^/]+/index\.ts$`] },
  },
  {
    name: 'R3-room-by-its-front-door',
    comment: "Enter by index.ts; a test may use another room's fakes besides",
    severity: 'error',
    from: { path: '^src/services/([^/]+)/' },
    to: {
      path: '^src/services/',
      pathNot: ['^src/services/$1/', String.raw`^src/services/[^/]+/index\.ts$`, '^src/services/[^/]+/testing/'],
    },
  },
  {
    name: 'R3-room-by-its-front-door-from-app',
    severity: 'error',
    from: { path: '^src/(app/|cli/|main)' },
    to: { path: '^src/services/', pathNot: String.raw`^src/services/[^/]+/index\.ts$` },
  },
  {
    name: 'R4-types-only-between-rooms',
    comment: 'Values arrive through ports, joined in src/app',
    severity: 'error',
    from: { path: '^src/services/([^/]+)/' },
    to: {
      path: '^src/services/',
      pathNot: ['^src/services/$1/', '^src/services/[^/]+/testing/'],
      dependencyTypesNot: ['type-only'],
    },
  },
  {
    name: 'R5-nobody-imports-the-app',
    severity: 'error',
    from: { path: '^src/', pathNot: String.raw`^src/(app|cli)/|^src/main\.ts$` },
    to: { path: '^src/app/' },
  },
  {
    name: 'R5-nobody-imports-the-cli',
    severity: 'error',
    from: { path: '^src/', pathNot: String.raw`^src/cli/|^src/main\.ts$` },
    to: { path: '^src/cli/' },
  },
  {
    name: 'R5-nobody-imports-main',
    severity: 'error',
    from: { path: '^src/' },
    to: { path: String.raw`^src/main\.ts$` },
  },
  {
    name: 'R6-core-knows-no-routes',
    severity: 'error',
    from: { path: '^src/services/([^/]+)/core/', pathNot: tests },
    to: { path: '^src/services/$1/routes/' },
  },
  {
    name: 'R6-sql-knows-no-core',
    severity: 'error',
    from: { path: '^src/services/([^/]+)/sql/', pathNot: tests },
    to: { path: '^src/services/$1/(core|routes)/' },
  },
  {
    name: 'R6-no-http-below-routes',
    severity: 'error',
    from: { path: '^src/services/[^/]+/(core|sql)/', pathNot: tests },
    to: { path: '^(src/kernel/http/|(node:)?https?$)' },
  },
  ...ownerRules(),
  { name: 'R8-no-cycles', severity: 'error', from: {}, to: { circular: true } },
  {
    name: 'R9-no-test-code-in-production',
    severity: 'error',
    from: { path: '^src/', pathNot: tests },
    to: { path: `${tests}|^test/` },
  },
  {
    name: 'R10-conformance-is-a-black-box',
    severity: 'error',
    from: { path: '^test/conformance/' },
    to: { path: '^(src|dist)/' },
  },
  {
    name: 'R11-not-by-the-own-face',
    severity: 'error',
    from: { path: '^src/services/([^/]+)/', pathNot: tests },
    to: { path: String.raw`^src/services/$1/index\.ts$` },
  },
  {
    name: 'R12-resolvable',
    comment: 'What cannot be resolved cannot be checked either',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'R13-declared-for-production',
    severity: 'error',
    from: { path: '^src/', pathNot: tests },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
  },
  ...studioRules(),
];
