import { expect, test } from 'vitest';
import { createLogBus, type LogRecord, type RequestNews } from '#kernel/log';
import { createIntake } from './intake.ts';

const request = (status: number): RequestNews => ({
  kind: 'request',
  room: 'gateway',
  at: 1_700_000_000_000,
  id: 'r',
  method: 'GET',
  url: '/rest/v1/x',
  host: 'h',
  protocol: 'http',
  httpVersion: '1.1',
  status,
  milliseconds: 1,
  size: undefined,
  ip: '::1',
  agent: undefined,
  referer: undefined,
  clientInfo: undefined,
});

function intakeUnderTest(options: { limit?: number; requestRate?: number } = {}) {
  const bus = createLogBus((text) => text.replaceAll('hush', '***'));
  const forwarded: LogRecord[] = [];
  const clock = { now: 1_700_000_000_000 };
  const intake = createIntake({
    bus,
    flushInterval: 60_000,
    limit: options.limit ?? 1_000,
    requestRate: options.requestRate ?? 1_000,
    forward: (records) => forwarded.push(...records),
    now: () => clock.now,
  });
  intake.start();
  return { bus, intake, forwarded, clock };
}

test('events come out in their order, those of strangers without secrets', async () => {
  const { bus, intake, forwarded } = intakeUnderTest();
  bus.emit({ kind: 'entry', room: 'x', at: 1, message: 'hush', fields: { a: 'hush' } });
  bus.emit({ kind: 'line', text: '{"room":"meta","msg":"one","time":"2026-01-01T00:00:00Z"}' });
  bus.emit({ kind: 'line', text: 'no line' });
  bus.emit({ kind: 'entry', room: 'postgres', at: 2, message: 'two', fields: {} });
  for (let index = 0; index < 300; index++) bus.emit(request(200));
  await intake.stop();
  expect(forwarded.slice(0, 3).map(({ message }) => message)).toEqual(['***', 'one', 'two']);
  expect(forwarded[0]?.metadata).toBe('{"room":"x","a":"***"}');
  expect(forwarded).toHaveLength(303);
});

test('what there is no room for is counted, not kept', async () => {
  const { bus, intake, forwarded } = intakeUnderTest({ limit: 5 });
  for (let index = 0; index < 8; index++) bus.emit(request(200));
  await intake.flush();
  expect(forwarded).toHaveLength(5);
  expect(intake.figures).toMatchObject({ taken: 5, dropped: 3 });
  bus.emit(request(200));
  await intake.stop();
  expect(forwarded).toHaveLength(6);
  bus.emit(request(200));
  expect(intake.figures.taken).toBe(6);
});

test('of a flood only failures have events of their own, and it is told how many have none', async () => {
  const { bus, intake, forwarded, clock } = intakeUnderTest({ requestRate: 3 });
  for (let index = 0; index < 10; index++) bus.emit(request(200));
  bus.emit(request(500));
  expect(intake.figures.notKept).toBe(7);
  clock.now += 1_000;
  bus.emit(request(200));
  await intake.stop();
  expect(forwarded.filter(({ source }) => source === 'cloudflare.logs.prod')).toHaveLength(5);
  expect(forwarded.find(({ source }) => source === 'stack.logs')?.message).toContain('7 requests');
});
