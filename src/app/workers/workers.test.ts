import { describe, expect, test } from 'vitest';
import { gauge } from '#kernel/metrics';
import type { StackHealth } from '../stack-info.ts';
import { linkToPrimary } from './link.ts';
import { mergeHealth } from './merge-health.ts';
import type { Boot, FromWorker, ToWorker } from './messages.ts';
import { createQuestions } from './questions.ts';

const room = (status: StackHealth[string]['status']): StackHealth[string] => ({ status, required: true });

describe('health of several workers', () => {
  test('a room is as well as where it fares worst', () => {
    const merged = mergeHealth([{ rest: room('healthy') }, { rest: room('unhealthy') }], ['rest']);
    expect(merged.rest?.status).toBe('unhealthy');
    expect(mergeHealth([{ rest: room('healthy') }, { rest: room('healthy') }], ['rest']).rest?.status).toBe('healthy');
  });

  test('a worker that does not answer, or does not know a room, makes it not ready', () => {
    expect(mergeHealth([{ rest: room('healthy') }, undefined], ['rest']).rest).toMatchObject({
      status: 'starting',
      required: true,
    });
    expect(mergeHealth([{}], ['rest']).rest?.status).toBe('starting');
  });
});

describe('questions', () => {
  test('get the answer that carries their number', async () => {
    const questions = createQuestions<string>(1_000);
    const ids: number[] = [];
    const answers = Promise.all([questions.ask((id) => ids.push(id)), questions.ask((id) => ids.push(id))]);
    questions.answer(ids[1] as number, 'second');
    questions.answer(ids[0] as number, 'first');
    questions.answer(999, 'nobody asked');
    expect(await answers).toEqual(['first', 'second']);
  });

  test('without an answer come to nothing', async () => {
    expect(await createQuestions<string>(10).ask(() => {})).toBeUndefined();
  });
});

test('a worker learns where everything is, reports, passes mails on, and stops when it is told', async () => {
  const sent: FromWorker[] = [];
  let receive: (message: ToWorker) => void = () => {};
  let stopped = false;
  const reloaded: string[] = [];
  const linked = linkToPrimary(
    { send: (message) => sent.push(message), onMessage: (listener) => (receive = listener) },
    {
      health: async () => ({ rest: room('healthy') }),
      metrics: async () => [gauge('up', 'Up', 1)],
      stop: () => (stopped = true),
      reload: (what) => reloaded.push(what),
      async applySettings() {
        if (stopped) throw new Error('it is over');
      },
    },
  );
  expect(sent).toEqual([{ kind: 'hello' }]);
  const database = { host: '/s', port: 1, database: 'd', user: 'authenticator' };
  const boot = { connections: { authenticator: database }, sockets: { studio: '/s/studio.sock' } } as unknown as Boot;
  receive({ kind: 'boot', boot });
  const link = await linked;
  expect(link.connection('authenticator')).toBe(database);
  expect(link.elsewhere('studio')).toBe('unix:/s/studio.sock');
  expect(link.elsewhere('rest')).toBeUndefined();
  link.captured({ to: 'a@b' } as never);
  expect(sent.at(-1)).toEqual({ kind: 'mail', mail: { to: 'a@b' } });
  const health = link.health();
  const asked = sent.at(-1) as { kind: 'ask-health'; id: number };
  receive({ kind: 'health', id: asked.id, report: { db: room('healthy') } });
  expect(await health).toEqual({ db: room('healthy') });
  receive({ kind: 'ask-health', id: 7 });
  await Promise.resolve();
  expect(sent.at(-1)).toEqual({ kind: 'health', id: 7, report: { rest: room('healthy') } });
  const metrics = link.metrics();
  const wanted = sent.at(-1) as { kind: 'ask-metrics'; id: number };
  expect(wanted.kind).toBe('ask-metrics');
  receive({ kind: 'metrics', id: wanted.id, families: [gauge('all', 'All', 2)] });
  expect(await metrics).toEqual([gauge('all', 'All', 2)]);
  receive({ kind: 'ask-metrics', id: 8 });
  await Promise.resolve();
  expect(sent.at(-1)).toEqual({ kind: 'metrics', id: 8, families: [gauge('up', 'Up', 1)] });
  receive({ kind: 'reload', what: 'config' });
  expect(reloaded).toEqual(['config']);
  receive({ kind: 'stop' });
  expect(stopped).toBe(true);
});
