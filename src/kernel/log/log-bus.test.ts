import { expect, test } from 'vitest';
import { createLogBus, type LogNews } from './log-bus.ts';
import { createLogger } from './logger.ts';
import { createRedactor } from './redact.ts';

const line = (text: string): LogNews => ({ kind: 'line', text });

test('what was emitted early is told to the first who listens, the newest of it', () => {
  const bus = createLogBus((text) => text, 2);
  for (const text of ['a', 'b', 'c']) bus.emit(line(text));
  const heard: LogNews[] = [];
  const end = bus.listen((news) => heard.push(news));
  bus.emit(line('d'));
  expect(heard).toEqual([line('b'), line('c'), line('d')]);
  end();
  bus.emit(line('e'));
  expect(heard).toHaveLength(3);
  bus.listen((news) => heard.push(news));
  expect(heard.at(-1)).toEqual(line('e'));
});

test('a log that is tapped shows each line without its secrets', () => {
  const written: string[] = [];
  const tapped: string[] = [];
  const log = createLogger({
    level: 'info',
    redact: createRedactor(['hunter2hunter2']),
    destination: { write: (text: string) => void written.push(text) },
    tap: (text) => tapped.push(text),
  });
  log.child({ room: 'auth' }).info({ reqId: 'r1' }, 'password hunter2hunter2');
  log.debug({}, 'not enabled');
  expect(tapped).toEqual(written);
  expect(tapped).toHaveLength(1);
  expect(JSON.parse(tapped[0] as string)).toMatchObject({ room: 'auth', reqId: 'r1', msg: 'password [redacted]' });
});
