import { describe, expect, test } from 'vitest';
import { createLender, type LenderOptions } from './lending.ts';

class Thing {
  usable = true;
  readonly number: number;
  constructor(number: number) {
    this.number = number;
  }
}

function lender(options: Partial<LenderOptions<Thing>> = {}) {
  let made = 0;
  let now = 0;
  const subject = createLender<Thing>({
    size: () => 2,
    open: async () => new Thing(++made),
    isFinal: (error) => (error as Error).message === 'final',
    retryAfter: 5,
    now: () => now,
    timedOut: (cause) => new Error(`late: ${(cause as Error | undefined)?.message}`),
    waitLimit: () => 100,
    ...options,
  });
  return { subject, pass: (time: number) => (now += time), made: () => made };
}

function borrow(subject: ReturnType<typeof lender>['subject']) {
  const result: { got?: Thing; refused?: unknown; borrower: Parameters<typeof subject.wait>[0] } = {
    borrower: {
      lend: (thing) => {
        result.got = thing;
      },
      refuse: (error) => {
        result.refused = error;
      },
    },
  };
  subject.wait(result.borrower);
  return result;
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 1));

describe('lending', () => {
  test('no more than the size, and in order of arrival', async () => {
    const { subject, made } = lender();
    const [first, second, third, fourth] = [borrow(subject), borrow(subject), borrow(subject), borrow(subject)];
    await settle();
    expect([first.got?.number, second.got?.number, third.got, fourth.got]).toEqual([1, 2, undefined, undefined]);
    expect(subject.take()).toBeUndefined();
    subject.give(second.got as Thing);
    expect(third.got?.number).toBe(2);
    subject.forget(fourth.borrower);
    subject.give(first.got as Thing);
    expect(fourth.got).toBeUndefined();
    expect(subject.take()?.number).toBe(1);
    expect(made()).toBe(2);
  });

  test('the last used is lent first; what is not usable is replaced', async () => {
    const { subject, made } = lender();
    const [one, two] = [borrow(subject), borrow(subject)];
    await settle();
    subject.give(one.got as Thing);
    subject.give(two.got as Thing);
    expect(subject.take()?.number).toBe(2);
    (one.got as Thing).usable = false;
    expect(subject.take()).toBeUndefined();
    const three = borrow(subject);
    await settle();
    expect(three.got?.number).toBe(3);
    expect(made()).toBe(3);
    subject.lost(three.got as Thing);
    expect(subject.open).toBe(1);
  });

  test('waiting ends in time, with the last failure; passing failures are tried again, final ones end it', async () => {
    let fail = 'passing';
    const { subject, pass } = lender({
      open: async () => {
        if (fail) throw new Error(fail);
        return new Thing(1);
      },
    });
    const late = borrow(subject);
    await settle();
    pass(101);
    subject.sweep();
    expect(late.refused).toEqual(new Error('late: passing'));
    const patient = borrow(subject);
    await settle();
    fail = '';
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(patient.got?.number).toBe(1);
    fail = 'final';
    const refused = borrow(subject);
    await settle();
    expect(refused.refused).toEqual(new Error('final'));
    subject.close('closed');
    expect(borrow(subject).refused).toBe('closed');
  });
});

test('who had to wait is counted with the time, who was served at once or given up is not', async () => {
  const waits: number[] = [];
  const { subject } = lender({ size: () => 1, waited: (time) => void waits.push(time) });
  const first = borrow(subject);
  await expect.poll(() => first.got).toBeDefined();
  expect(waits).toEqual([expect.any(Number)]);
  subject.give(first.got as Thing);
  const taken = subject.take() as Thing;
  const gone = borrow(subject);
  subject.forget(gone.borrower);
  subject.give(taken);
  expect(waits).toHaveLength(1);
});
