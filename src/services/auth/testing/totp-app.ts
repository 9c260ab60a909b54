import { decodeBase32, totpCode, totpStep } from '../core/mfa/totp.ts';

/** The code an authenticator app shows. @param now milliseconds @param offset steps before or after */
export const codeAt = (secret: string, now: number, offset = 0): string =>
  totpCode(decodeBase32(secret), totpStep(now) + offset);
