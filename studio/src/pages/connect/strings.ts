import type { Project } from '../../data/project.ts';

/** A way to the database. */
export interface Way {
  readonly key: 'session' | 'transaction';
  readonly title: string;
  readonly about: string;
  readonly port: number;
}

/** The ports there are, and what each is for. */
export function waysOf({ database }: Project): readonly Way[] {
  const session: Way = {
    key: 'session',
    title: 'Session',
    about: 'One server connection for each client, with everything PostgreSQL has. For servers, migrations and psql.',
    port: database.sessionPort,
  };
  if (database.transactionPort === undefined) return [session];
  return [
    session,
    {
      key: 'transaction',
      title: 'Transaction',
      about:
        'A server connection for each transaction, so that thousands of clients share a few. For functions and serverless.',
      port: database.transactionPort,
    },
  ];
}

/** Stands for the password until somebody has it shown. */
export const passwordPlace = '[YOUR-PASSWORD]';

/** What can be made of an address. */
export const formats = ['URI', 'psql', 'JDBC', '.NET', 'Go', 'Python'] as const;

/** One of them. */
export type Format = (typeof formats)[number];

/** The connection string of a format. @param password undefined: a placeholder */
export function connectionString(
  format: Format,
  { host, name }: Project['database'],
  port: number,
  password: string | undefined,
): string {
  const inUrl = password === undefined ? passwordPlace : encodeURIComponent(password);
  const database = encodeURIComponent(name);
  const uri = `postgresql://postgres:${inUrl}@${host}:${port}/${database}`;
  switch (format) {
    case 'URI':
      return uri;
    case 'psql':
      return `psql ${shellQuoted(uri)}`;
    case 'JDBC':
      return `jdbc:postgresql://${host}:${port}/${database}?user=postgres&password=${inUrl}`;
    case '.NET':
      return `Host=${host};Port=${port};Database=${name};Username=postgres;Password=${password ?? passwordPlace}`;
    case 'Go':
      return `conn, err := pgx.Connect(context.Background(), ${JSON.stringify(uri)})`;
    case 'Python':
      return `conn = psycopg.connect(${JSON.stringify(uri)})`;
  }
}

const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
