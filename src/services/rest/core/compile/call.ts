import { quoteIdentifier } from '#kernel/sql';
import type { Parameter } from '../cache/model.ts';
import type { CallArguments, CallPlan } from '../plan/call-plan.ts';
import type { Returning } from '../plan/returning.ts';
import { arrayLiteral } from './conditions.ts';
import { qualified } from './fields.ts';
import type { Parameters } from './parameters.ts';
import { type PayloadColumn, payloadFrom } from './payload.ts';

/** The query that calls a function. A value that is no row is called `pgrst_scalar`. */
export function callSql({ routine, args, result, returning }: CallPlan, parameters: Parameters): string {
  const { from, list } = argumentsSql(args, parameters);
  const call = `${qualified(routine)}(${list})`;
  const before = from === '' ? '' : `${from}, LATERAL `;
  if (result === 'value' || result === 'values')
    return `SELECT pgrst_call.pgrst_scalar FROM ${before}(SELECT ${call} AS pgrst_scalar) pgrst_call`;
  return `SELECT ${columnsSql(returning)} FROM ${before}${call} pgrst_call`;
}

function columnsSql({ all, names }: Returning): string {
  const columns = names.map((name) => `pgrst_call.${quoteIdentifier(name)}`);
  if (all || columns.length === 0) columns.unshift('pgrst_call.*');
  return columns.join(', ');
}

/** The list between the parentheses, and what it has to be taken from. */
interface ArgumentsSql {
  readonly from: string;
  readonly list: string;
}

function argumentsSql(args: CallArguments, parameters: Parameters): ArgumentsSql {
  switch (args.kind) {
    case 'texts': {
      const list = args.values.map(([parameter, values]) => {
        const value = parameter.variadic ? arrayOf(values) : (values[values.length - 1] as string);
        return argument(parameter, `${parameters.add(value)}::${parameter.unboundedType}`);
      });
      return { from: '', list: list.join(', ') };
    }
    case 'body': {
      const value = args.type === 'jsonb' ? args.body.toString('utf8') : args.body;
      return { from: '', list: `${parameters.add(value)}::${args.type}` };
    }
    case 'json': {
      if (args.parameters.length === 0) return { from: '', list: '' };
      const columns = args.parameters.map(
        ({ name, unboundedType }): PayloadColumn => ({
          name,
          type: unboundedType,
          fromJson: undefined,
          default: undefined,
        }),
      );
      const { body, isArray } = args;
      const from = payloadFrom({ body, isArray, columns, appliesDefaults: false, onlyFirst: true }, parameters);
      const list = args.parameters.map((parameter) =>
        argument(parameter, `pgrst_body.${quoteIdentifier(parameter.name)}`),
      );
      return { from, list: list.join(', ') };
    }
  }
}

const argument = ({ name, variadic }: Parameter, value: string): string =>
  `${variadic ? 'VARIADIC ' : ''}${quoteIdentifier(name)} := ${value}`;

// One empty value is a value here, not the empty list.
const arrayOf = (values: readonly string[]): string =>
  values.length === 1 && values[0] === '' ? '{""}' : arrayLiteral(values);
