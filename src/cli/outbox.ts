import { parseArgs } from 'node:util';
import { StartupError } from '#kernel/errors';
import { createOutboxAdmin, type OutboxAdmin } from '#services/db';
import { assertUsable, loadSettings } from '../app/load-settings.ts';
import { type Command, type CommandContext, print } from './command.ts';
import { stackDatabase } from './database-connection.ts';

const flags = {
  table: { type: 'string' },
  auth: { type: 'boolean' },
  storage: { type: 'boolean' },
  bucket: { type: 'string' },
  to: { type: 'string' },
  events: { type: 'string' },
  format: { type: 'string' },
  secret: { type: 'string' },
  attempts: { type: 'string' },
  stream: { type: 'string' },
  subject: { type: 'string' },
  into: { type: 'string' },
  keys: { type: 'string' },
  path: { type: 'string' },
} as const;

type Flags = Readonly<Partial<Record<keyof typeof flags, string | boolean>>>;

/** `outbox`: says which events leave the database and where to, and which messages become rows. */
export const outboxCommand: Command = {
  name: 'outbox',
  summary: 'events of tables, auth and storage to NATS, HTTP or functions, and messages of NATS into tables',
  help: `usage: pmoves-supabase outbox list
       pmoves-supabase outbox add NAME --table SCHEMA.TABLE | --auth | --storage [--bucket ID] --to TARGET
                                  [--events a,b] [--format envelope|raw|ingest] [--secret v1,whsec_…] [--attempts N]
       pmoves-supabase outbox inbox NAME --stream STREAM --subject SUBJECT --into SCHEMA.TABLE --keys a,b [--path payload]
       pmoves-supabase outbox remove NAME

Works on the database of the running stack.
TARGET    nats:  (subject by source)  nats://SUBJECT  (with {schema} {table} {event} {bucket})  https://…  function:NAME
--format  envelope is that of the PMOVES bus, raw the payload alone, ingest ingest.file.added.v1 for stored objects
--path    where in a message the row is, members divided by dots; an empty one: the whole message
What waits and what could not be delivered: pmoves-supabase deliveries`,

  async run(context) {
    const [action = '', ...rest] = context.args;
    const known = ['list', 'add', 'inbox', 'remove'];
    const parsed = known.includes(action) ? parse(rest) : undefined;
    if (!parsed) {
      context.err(outboxCommand.help);
      return 2;
    }
    const settings = loadSettings(context.input);
    assertUsable(settings);
    const admin = createOutboxAdmin(stackDatabase(settings, 'postgres'));
    return act(context, admin, action, parsed.name, parsed.values);
  },
};

function parse(args: readonly string[]): { readonly name: string | undefined; readonly values: Flags } | undefined {
  try {
    const { positionals, values } = parseArgs({ args: [...args], options: flags, allowPositionals: true });
    return positionals.length > 1 ? undefined : { name: positionals[0], values };
  } catch {
    return undefined;
  }
}

async function act(
  context: CommandContext,
  admin: OutboxAdmin,
  action: string,
  name: string | undefined,
  values: Flags,
): Promise<number> {
  switch (action) {
    case 'list': {
      const overview = await admin.overview();
      print(
        context,
        overview,
        () =>
          [
            ...overview.outbox.map(
              ({ name: rule, source, object, target, enabled, waiting, dead, error }) =>
                `${rule}: ${[source, object].filter(Boolean).join(' ')} → ${target}${enabled ? '' : ' (off)'}, ` +
                `${waiting} waiting, ${dead} dead${error ? ` (${error})` : ''}`,
            ),
            ...overview.inbox.map(
              ({ name: rule, stream, subject, object, enabled, rejected }) =>
                `${rule}: ${stream} ${subject} → ${object}${enabled ? '' : ' (off)'}, ${rejected} rejected`,
            ),
          ].join('\n') || 'there are no rules',
      );
      return 0;
    }
    case 'add':
      await admin.add(outboxRule(needed(name, 'a name'), values));
      break;
    case 'inbox':
      await admin.addInbox({
        name: needed(name, 'a name'),
        stream: needed(values.stream, '--stream'),
        subject: needed(values.subject, '--subject'),
        object: needed(values.into, '--into'),
        keys: needed(values.keys, '--keys').split(','),
        path: `${values.path ?? 'payload'}`.split('.').filter((part) => part !== ''),
      });
      break;
    default:
      if (!(await admin.remove(needed(name, 'a name')))) throw new StartupError(`there is no rule ${name}`);
  }
  print(context, { done: name }, () => `${action}: ${name}`);
  return 0;
}

function outboxRule(name: string, values: Flags): Parameters<OutboxAdmin['add']>[0] {
  const { table, auth, storage, bucket, events, format, secret, attempts } = values;
  const sources = [table !== undefined && 'table', auth && 'auth', storage && 'storage'].filter(Boolean);
  if (sources.length !== 1) throw new StartupError('one of --table, --auth and --storage is needed');
  const text = (value: string | boolean | undefined) => (typeof value === 'string' ? value : undefined);
  return {
    name,
    source: sources[0] as 'table' | 'auth' | 'storage',
    object: text(table) ?? text(bucket),
    events: text(events)?.split(','),
    target: needed(values.to, '--to'),
    format: text(format),
    secret: text(secret),
    attempts: attempts === undefined ? undefined : Number(attempts),
  };
}

function needed(value: string | boolean | undefined, what: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new StartupError(`${what} is needed`);
}
