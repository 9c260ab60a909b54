import { quoteIdentifier, quoteLiteral } from '#kernel/sql';
import { qualified, settingClause, transaction } from './script.ts';

/** Body of a new function. */
export interface NewFunction {
  readonly name: string;
  readonly definition: string;
  /** `name type`, each as SQL. */
  readonly args?: readonly string[];
  readonly schema?: string;
  readonly language?: string;
  readonly return_type?: string;
  readonly behavior?: 'IMMUTABLE' | 'STABLE' | 'VOLATILE';
  readonly security_definer?: boolean;
  readonly config_params?: Readonly<Record<string, string>>;
}

/** What can be changed of one. */
export interface FunctionChange {
  readonly name?: string;
  readonly schema?: string;
  readonly definition?: string;
}

/** What has to be known of a function as it is. */
export interface KnownFunction {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly identity_argument_types: string;
  readonly argument_types: string;
  readonly return_type: string;
  readonly language: string;
  readonly behavior: string;
  readonly security_definer: boolean;
  readonly config_params: Readonly<Record<string, string>> | null;
}

/** A new function. */
export const createFunction = (body: NewFunction): string =>
  functionText('create function', {
    schema: body.schema ?? 'public',
    name: body.name,
    args: (body.args ?? []).join(', '),
    returns: body.return_type ?? 'void',
    language: body.language ?? 'sql',
    behavior: body.behavior ?? 'VOLATILE',
    securityDefiner: body.security_definer ?? false,
    config: body.config_params ?? {},
    definition: body.definition,
  });

/**
 * Changes of a function as one block, which fails where the new body made another function instead of replacing this
 * one (its arguments say which it is). The name comes last.
 */
export function alterFunction(old: KnownFunction, { name, schema, definition }: FunctionChange): string {
  const alter = (inSchema: string) =>
    `alter function ${qualified(inSchema, old.name)} (${old.identity_argument_types})`;
  const moved = schema !== undefined && schema !== old.schema;
  const steps = [
    definition !== undefined &&
      functionText('create or replace function', {
        schema: old.schema,
        name: old.name,
        args: old.argument_types,
        returns: old.return_type,
        language: old.language,
        behavior: old.behavior,
        securityDefiner: old.security_definer,
        config: old.config_params ?? {},
        definition,
      }),
    moved && `${alter(old.schema)} set schema ${quoteIdentifier(schema)}`,
    name !== undefined &&
      name !== old.name &&
      `${alter(moved ? schema : old.schema)} rename to ${quoteIdentifier(name)}`,
  ].filter((step): step is string => Boolean(step));
  const check = `do ${quoteLiteral(`begin
  if not exists (select from pg_proc where oid = ${old.id} and prosrc = ${quoteLiteral(definition ?? '')}) then
    raise exception 'the definition does not replace the function';
  end if;
end`)}`;
  if (definition !== undefined) steps.splice(1, 0, check);
  return transaction(steps);
}

/** Removes one. */
export const dropFunction = (old: KnownFunction, cascade: boolean): string =>
  `drop function ${qualified(old.schema, old.name)} (${old.identity_argument_types}) ${cascade ? 'cascade' : 'restrict'}`;

interface FunctionParts {
  readonly schema: string;
  readonly name: string;
  readonly args: string;
  readonly returns: string;
  readonly language: string;
  readonly behavior: string;
  readonly securityDefiner: boolean;
  readonly config: Readonly<Record<string, string>>;
  readonly definition: string;
}

function functionText(create: string, parts: FunctionParts): string {
  const settings = Object.entries(parts.config).map(([name, value]) =>
    value === 'FROM CURRENT' ? `set ${quoteIdentifier(name)} from current` : settingClause(name, value),
  );
  return [
    `${create} ${qualified(parts.schema, parts.name)} (${parts.args})`,
    `returns ${parts.returns}`,
    `language ${quoteIdentifier(parts.language)} ${parts.behavior}`,
    `security ${parts.securityDefiner ? 'definer' : 'invoker'}`,
    ...settings,
    `as ${quoteLiteral(parts.definition)}`,
  ].join('\n');
}
