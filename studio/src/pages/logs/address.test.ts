import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logServices, severities, statusClasses } from '../../sql/logs.ts';
import { addressOf, barSeconds, type LogView, type Range, ranges, readView } from './address.ts';

const read = (text: string) => readView(new URLSearchParams(text));

describe('the address', () => {
  it('without anything is the last hour, live', () => {
    expect(read('')).toEqual({
      filter: {
        service: undefined,
        severity: undefined,
        status: undefined,
        path: '',
        search: '',
        request: '',
        dashboard: false,
      },
      range: '1h',
      span: undefined,
      live: true,
      id: undefined,
    });
    expect(addressOf(read(''))).toBe('/logs');
  });

  it('passes over what makes no sense', () => {
    expect(read('service=none&level=x&status=9xx&range=1y&from=a&to=b&id=1')).toEqual(read(''));
    expect(read('from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z').span).toBeUndefined();
  });

  it('of a request looks in all that is kept', () => {
    expect(read('request=r1')).toMatchObject({ range: '7d', filter: { request: 'r1' } });
  });

  it('says everything the view is', () => {
    const text = fc.string({ maxLength: 20 });
    const option = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
    const time = fc.integer({ min: 0, max: 4_000_000_000_000 });
    const view = fc
      .record({
        filter: fc.record({
          service: option(logServices.map(({ key }) => key)),
          severity: option(severities),
          status: option(statusClasses),
          path: text,
          search: text,
          request: text,
          dashboard: fc.boolean(),
        }),
        range: fc.constantFrom(...(Object.keys(ranges) as Range[])),
        span: fc.option(fc.tuple(time, fc.integer({ min: 1, max: 1_000_000 })), { nil: undefined }),
        live: fc.boolean(),
        id: fc.option(fc.uuid(), { nil: undefined }),
      })
      .map(({ span, ...rest }): LogView => ({ ...rest, span: span && { from: span[0], to: span[0] + span[1] } }));
    fc.assert(
      fc.property(view, (given) => {
        const { range, live, ...found } = readView(new URL(addressOf(given), 'http://localhost').searchParams);
        const { range: _, live: __, ...expected } = given;
        expect(found).toEqual(expected);
        if (given.span) expect(live).toBe(false);
        else expect({ range, live }).toEqual({ range: given.range, live: given.live });
      }),
    );
  });
});

it('the histogram has 60 bars at most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 * 86_400 }), (seconds) => {
      const width = barSeconds({ from: 0, to: seconds * 1_000 });
      expect(seconds / width).toBeLessThanOrEqual(60);
      expect(Number.isInteger(width)).toBe(true);
    }),
  );
});
