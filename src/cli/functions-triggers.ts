import { StartupError } from '#kernel/errors';
import type { LoadedSettings } from '../app/load-settings.ts';
import { type CommandContext, print } from './command.ts';
import { askFunctions } from './functions-management.ts';

/** How `functions triggers` is called. */
export const triggersUsage = `functions triggers list | delete NAME
       pmoves-supabase functions triggers set NAME --function FUNCTION (--cron SCHEDULE [--payload JSON] |
         --table SCHEMA.TABLE | --bucket BUCKET) [--events insert,update,delete] [--disabled]
       pmoves-supabase functions triggers deliveries [--state waiting|delivered|dead] [--trigger NAME]
       pmoves-supabase functions triggers retry ID | --trigger NAME`;

interface Trigger {
  readonly name: string;
  readonly function: string;
  readonly enabled: boolean;
  readonly cron?: string;
  readonly table?: string;
  readonly bucket?: string;
  readonly events?: readonly string[];
}

interface Delivery {
  readonly id: string;
  readonly target: string;
  readonly state: string;
  readonly at: string;
  readonly attempts: readonly { readonly status: number | null; readonly error: string | null }[];
}

/** Binds functions to times, tables and objects of the running stack, and shows what became of it. @returns undefined when it is not understood */
export async function manageTriggers(
  context: CommandContext,
  settings: LoadedSettings,
  args: readonly string[],
): Promise<number | undefined> {
  const [action, ...rest] = args;
  const name = rest[0]?.startsWith('--') ? undefined : rest[0];
  const option = (flag: string): string | undefined => {
    const at = rest.indexOf(flag);
    return at < 0 ? undefined : rest[at + 1];
  };
  const ask = (method: string, path: string, body?: unknown) => askFunctions(settings, method, path, body);
  switch (action) {
    case 'list': {
      const list = (await ask('GET', 'function-triggers')) as readonly Trigger[];
      print(context, list, () => (list.length === 0 ? 'no triggers' : list.map(lineOf).join('\n')));
      return 0;
    }
    case 'set': {
      if (name === undefined) return undefined;
      const made = (await ask('PUT', `function-triggers/${encodeURIComponent(name)}`, {
        function: option('--function'),
        enabled: !rest.includes('--disabled'),
        cron: option('--cron'),
        payload: jsonOf(option('--payload')),
        table: option('--table'),
        bucket: option('--bucket'),
        events: option('--events')?.split(','),
      })) as Trigger;
      print(context, made, () => lineOf(made));
      return 0;
    }
    case 'delete': {
      if (name === undefined) return undefined;
      await ask('DELETE', `function-triggers/${encodeURIComponent(name)}`);
      print(context, { deleted: name }, () => `deleted ${name}`);
      return 0;
    }
    case 'deliveries': {
      const query = new URLSearchParams({ state: option('--state') ?? 'waiting' });
      const trigger = option('--trigger');
      if (trigger !== undefined) query.set('trigger', trigger);
      const list = (await ask('GET', `function-deliveries?${query}`)) as readonly Delivery[];
      print(context, list, () => (list.length === 0 ? 'no deliveries' : list.map(deliveryLine).join('\n')));
      return 0;
    }
    case 'retry': {
      const trigger = option('--trigger');
      if (trigger === undefined && name === undefined) return undefined;
      const path =
        trigger === undefined
          ? `function-deliveries/${encodeURIComponent(name as string)}/retry`
          : `function-triggers/${encodeURIComponent(trigger)}/retry`;
      const { retried } = (await ask('POST', path)) as { readonly retried: number };
      print(context, { retried }, () => `${retried} tried again`);
      return 0;
    }
    default:
      return undefined;
  }
}

function lineOf({ name, function: target, enabled, cron, table, bucket, events }: Trigger): string {
  const source = cron !== undefined ? `cron ${cron}` : table !== undefined ? `table ${table}` : `bucket ${bucket}`;
  return [name, target, source, events?.join(',') ?? '', enabled ? '' : 'disabled'].filter(Boolean).join('\t');
}

function deliveryLine({ id, target, state, at, attempts }: Delivery): string {
  const last = attempts.at(-1);
  const said = last === undefined ? '' : `${last.status ?? ''} ${last.error ?? ''}`.trim();
  return [id, target, `${state} ${at}`, `${attempts.length} attempts`, said].join('\t');
}

function jsonOf(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch (error) {
    throw new StartupError('--payload is no JSON', undefined, error);
  }
}
