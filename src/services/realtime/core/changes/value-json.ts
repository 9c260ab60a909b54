import { type ArrayItems, parseArray } from '../../sql/changes/array-literal.ts';
import type { TypeInfo } from '../../sql/changes/catalogue.ts';

/** Oids of PostgreSQL's own types (`pg_type.dat`), which never change. */
export const typeOids = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int2: 21,
  int4: 23,
  text: 25,
  json: 114,
  float4: 700,
  float8: 701,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
  uuid: 2950,
  jsonb: 3802,
} as const;

const numbers = new Set<number>([
  typeOids.int2,
  typeOids.int4,
  typeOids.int8,
  typeOids.float4,
  typeOids.float8,
  typeOids.numeric,
]);

/** Looks types up; those of everything that was announced are known. */
export type TypeLookup = (oid: number) => TypeInfo | undefined;

/**
 * The JSON of a value, as `to_jsonb(value)` of the database has it, from the value's text form.
 *
 * @returns undefined where only the database can tell (composite types, casts to json, unknown types)
 */
export function valueJson(text: string, type: TypeInfo, types: TypeLookup): string | undefined {
  if (type.kind === 'd') {
    const base = types(type.baseOid);
    return base && valueJson(text, base, types);
  }
  if (type.castsToJson || type.kind === 'c') return undefined;
  if (type.elementOid !== 0) return arrayJson(text, type, types);
  return scalarJson(text, type.oid);
}

function scalarJson(text: string, oid: number): string {
  if (numbers.has(oid)) return numberJson(text);
  switch (oid) {
    case typeOids.bool:
      return text === 't' ? 'true' : 'false';
    case typeOids.json:
    case typeOids.jsonb:
      return text;
    case typeOids.timestamp:
      return JSON.stringify(text.replace(' ', 'T'));
    case typeOids.timestamptz:
      // The session is in UTC: the offset is always +00.
      return JSON.stringify(text.replace(' ', 'T').replace(/\+00($| )/, '+00:00$1'));
    case typeOids.bytea:
      return JSON.stringify(text.slice(2));
    default:
      return JSON.stringify(text);
  }
}

function numberJson(text: string): string {
  if (!/[a-zA-Z]/.test(text)) return text;
  return /^-?\d/.test(text) && !/^-?0x/i.test(text) ? withoutExponent(text) : JSON.stringify(text);
}

/** `1.5e-07` as `0.00000015`: jsonb keeps numbers as numeric. */
function withoutExponent(text: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?e([+-]?\d+)$/.exec(text) ?? [];
  const digits = whole + fraction;
  const point = whole.length + Number(power);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, '0');
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function arrayJson(text: string, type: TypeInfo, types: TypeLookup): string | undefined {
  const element = types(type.elementOid);
  if (!element) return undefined;
  const items = parseArray(text, element.name === 'box' ? ';' : ',');
  return items && itemsJson(items, element, types);
}

function itemsJson(items: ArrayItems, element: TypeInfo, types: TypeLookup): string | undefined {
  const texts: string[] = [];
  for (const item of items) {
    const json =
      item === null
        ? 'null'
        : typeof item === 'string'
          ? valueJson(item, element, types)
          : itemsJson(item, element, types);
    if (json === undefined) return undefined;
    texts.push(json);
  }
  return `[${texts.join(',')}]`;
}
