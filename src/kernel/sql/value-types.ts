import pg from 'pg';

const { builtins } = pg.types;
const timeLike: readonly number[] = [builtins.DATE, builtins.INTERVAL, builtins.TIMESTAMP, builtins.TIMESTAMPTZ];
/** `point`, and the arrays of all of these. */
const [point, ...arrays] = [600, 1017, 1115, 1182, 1185, 1187];

const asText = (value: string): string => value;
const asTexts = pg.types.getTypeParser(1009 as never, 'text') as (value: string) => unknown;

function safeNumber(value: string): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * Values that lose nothing on their way into JSON: integers beyond 2^53, dates, times, intervals and points stay the
 * server's text, arrays of these become arrays of texts, everything else is as the driver has it.
 */
export const faithfulTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === builtins.INT8) return safeNumber;
    if (oid === point || timeLike.includes(oid)) return asText;
    if (arrays.includes(oid)) return asTexts;
    return pg.types.getTypeParser(oid as never, format as never);
  }) as pg.CustomTypesConfig['getTypeParser'],
};
