import type { AuthSettings } from '../../settings.ts';
import { equalInConstantTime } from '../constant-time.ts';

/** Numbers with fixed codes, for tests of applications: nothing is sent to them. */
export interface TestCodes {
  /** The code of a number, while it works. @param now milliseconds */
  of(phone: string, now: number): string | undefined;
  /** Whether a code is the fixed one of a number; undefined when the number has none. */
  fits(phone: string, code: string, now: number): boolean | undefined;
}

/** @throws Error when the codes, or the time they stop working at, cannot be read */
export function parseTestCodes({ smsTestOtp = '', smsTestOtpUntil }: AuthSettings): TestCodes {
  const codes = new Map<string, string>();
  for (const entry of smsTestOtp.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const [, phone, code] = /^\+?(\d{2,15})\s*[:=]\s*(\S+)$/.exec(entry) ?? [];
    if (phone === undefined || code === undefined)
      throw new Error('GOTRUE_SMS_TEST_OTP: must be number:code, divided by commas');
    codes.set(phone, code);
  }
  const until = smsTestOtpUntil ? Date.parse(smsTestOtpUntil) : Number.POSITIVE_INFINITY;
  if (Number.isNaN(until))
    throw new Error('GOTRUE_SMS_TEST_OTP_VALID_UNTIL: must be a time such as 2030-01-31T00:00:00Z');
  const of = (phone: string, now: number): string | undefined => (now < until ? codes.get(phone) : undefined);
  return {
    of,
    fits(phone, code, now) {
      const fixed = of(phone, now);
      return fixed === undefined ? undefined : equalInConstantTime(fixed, code);
    },
  };
}
