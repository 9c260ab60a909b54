import type { ColumnInfo, TypeInfo } from '../../../sql/changes/catalogue.ts';
import type { FilterTerm } from '../filter.ts';
import { type TypeLookup, typeOids } from '../value-json.ts';

/** A filter's term with its values as the column's type writes them. */
export interface PreparedTerm {
  readonly term: FilterTerm;
  readonly type: TypeInfo;
  /** Decides, or says that the database has to. */
  readonly test: (value: string | null) => boolean | 'ask';
  /** Values of which the column must have one, when that is all this term says and texts tell. */
  readonly oneOf: readonly string[] | undefined;
}

type Kind = 'exact' | 'integer' | 'decimal' | 'time' | 'other';

/** How values of a type can be compared here. */
function kindOf(type: TypeInfo, isBytewise: boolean): Kind {
  switch (type.oid) {
    case typeOids.int2:
    case typeOids.int4:
    case typeOids.int8:
      return 'integer';
    case typeOids.float4:
    case typeOids.float8:
      return 'decimal';
    case typeOids.date:
    case typeOids.timestamp:
    case typeOids.timestamptz:
      return 'time';
    case typeOids.bool:
    case typeOids.uuid:
      return 'exact';
    case typeOids.text:
    case typeOids.varchar:
      return isBytewise ? 'exact' : 'other';
    default:
      return type.kind === 'e' ? 'exact' : 'other';
  }
}

/** @param canonical the term's values, cast to the column's type and back to text */
export function prepareTerm(
  term: FilterTerm,
  column: ColumnInfo,
  canonical: readonly (string | null)[],
  types: TypeLookup,
): PreparedTerm {
  const base = types(column.type.baseOid) ?? column.type;
  const kind = kindOf(base, column.isBytewise);
  const positive = positiveTest(term, kind, canonical);
  const texts = canonical.filter((value): value is string => value !== null);
  const isSame = (term.operator === 'eq' || term.operator === 'in') && (kind === 'exact' || kind === 'integer');
  return {
    term,
    type: column.type,
    oneOf: isSame && !term.isNegated ? texts : undefined,
    test(value) {
      const truth = positive(value);
      if (truth === 'ask') return 'ask';
      // Unknown matches neither way.
      return truth === null ? false : truth !== term.isNegated;
    },
  };
}

function positiveTest(
  term: FilterTerm,
  kind: Kind,
  canonical: readonly (string | null)[],
): (value: string | null) => boolean | null | 'ask' {
  const { operator } = term;
  if (operator === 'is') return isTest(term.value.toLowerCase());
  const first = canonical[0] as string;
  const isText = kind === 'exact' || kind === 'integer' || kind === 'time';
  switch (operator) {
    case 'eq':
    case 'neq':
    case 'in': {
      if (!isText) return nullOr('ask');
      const values = new Set(canonical);
      return (value) => (value === null ? null : values.has(value) === (operator !== 'neq'));
    }
    case 'isdistinct':
      return isText ? (value) => value !== first : () => 'ask';
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return (value) => {
        if (value === null) return null;
        const order = compare(value, first, kind);
        if (order === undefined) return 'ask';
        if (order === 0) return operator === 'lte' || operator === 'gte';
        return order < 0 === (operator === 'lt' || operator === 'lte');
      };
    default:
      return nullOr('ask');
  }
}

const nullOr =
  (otherwise: 'ask') =>
  (value: string | null): null | 'ask' =>
    value === null ? null : otherwise;

function isTest(word: string): (value: string | null) => boolean {
  switch (word) {
    case 'true':
      return (value) => value === 't';
    case 'false':
      return (value) => value === 'f';
    default:
      return (value) => value === null;
  }
}

const plainTime = /^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d+)?(\+00)?)?$/;

/** Below 0, 0 or above; undefined where only the database can tell. */
function compare(left: string, right: string, kind: Kind): number | undefined {
  switch (kind) {
    case 'integer': {
      const difference = BigInt(left) - BigInt(right);
      return difference < 0n ? -1 : difference > 0n ? 1 : 0;
    }
    case 'decimal': {
      const [a, b] = [Number(left), Number(right)];
      return Number.isFinite(a) && Number.isFinite(b) ? a - b : undefined;
    }
    case 'time':
      if (!plainTime.test(left) || !plainTime.test(right)) return undefined;
      return left < right ? -1 : left > right ? 1 : 0;
    default:
      return undefined;
  }
}
