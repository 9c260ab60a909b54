import { storageError } from '../../errors.ts';
import type { MetadataValue, VectorFilter } from '../../sql/vectors/filter.ts';

/** Conditions in a filter at most, and how deep they may lie. */
const limits = { conditions: 1_000, depth: 32 };

/**
 * Reads a filter as S3 Vectors has it: fields with a value or operators, joined by `$and` and `$or`.
 *
 * @param nonFilterable keys of metadata that the index keeps out of filters
 * @throws InvalidParameter
 */
export function parseFilter(value: unknown, nonFilterable: readonly string[] = []): VectorFilter {
  const conditions = { left: limits.conditions };
  return readFilter(value, 0);

  function readFilter(given: unknown, depth: number): VectorFilter {
    if (depth > limits.depth) throw invalid(`Filter must not be nested deeper than ${limits.depth}`);
    if (!isObject(given)) throw invalid('Filter must be an object');
    const entries = Object.entries(given);
    if (entries.length === 0) throw invalid('Filter must contain at least one clause');
    const logical = entries.find(([key]) => key === '$and' || key === '$or');
    if (!logical) return joined(entries.flatMap(([key, condition]) => readField(key, condition)));
    if (entries.length > 1)
      throw invalid(`Logical operator must be the only key, got: ${entries.map(([key]) => key).join(', ')}`);
    const [operator, parts] = logical;
    if (!Array.isArray(parts) || parts.length === 0) throw invalid(`${operator} requires a non-empty array`);
    return { is: operator === '$and' ? 'and' : 'or', of: parts.map((part) => readFilter(part, depth + 1)) };
  }

  function readField(key: string, condition: unknown): VectorFilter[] {
    if (key.startsWith('$')) throw invalid(`Unexpected operator "${key}" at field position`);
    if (nonFilterable.includes(key)) throw invalid(`The metadata key "${key}" is not filterable`);
    const operators = isObject(condition) ? Object.entries(condition) : ([['$eq', condition]] as const);
    if (operators.length === 0) throw invalid(`Empty operator object for field "${key}"`);
    conditions.left -= operators.length;
    if (conditions.left < 0) throw invalid(`Filter must not contain more than ${limits.conditions} conditions`);
    return operators.map(([operator, operand]) => readCondition(key, operator, operand));
  }
}

const joined = (of: readonly VectorFilter[]): VectorFilter =>
  of.length === 1 ? (of[0] as VectorFilter) : { is: 'and', of };

function readCondition(key: string, operator: string, operand: unknown): VectorFilter {
  const is = operator.slice(1);
  switch (operator) {
    case '$eq':
    case '$ne':
      return { is: is as 'eq' | 'ne', key, value: readValue(operand) };
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      if (typeof operand !== 'number') throw invalid(`${operator} requires a number for "${key}"`);
      return { is: is as 'gt' | 'gte' | 'lt' | 'lte', key, value: operand };
    case '$in':
    case '$nin':
      if (!Array.isArray(operand) || operand.length === 0)
        throw invalid(`${operator} requires a non-empty array for "${key}"`);
      return { is: is as 'in' | 'nin', key, values: operand.map(readValue) };
    case '$exists':
      if (typeof operand !== 'boolean') throw invalid(`$exists requires a boolean for "${key}"`);
      return { is: 'exists', key, value: operand };
    default:
      throw invalid(`Unsupported field operator: ${operator}`);
  }
}

function readValue(value: unknown): MetadataValue {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw invalid(`Unsupported filter value type: ${value === null ? 'null' : typeof value}`);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (message: string) => storageError('InvalidParameter', { message });
