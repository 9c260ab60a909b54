import { authError, invalid } from '../errors.ts';

// The form of HTML's input type=email, which is also what upstream's checker accepts.
const emailForm =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

/** The form in which an email address is stored and compared. @throws validation_failed */
export function normaliseEmail(email: string): string {
  if (email === '') throw invalid('An email address is required');
  if (email.length > 255) throw invalid('An email address is too long');
  if (!emailForm.test(email)) throw invalid('Unable to validate email address: invalid format');
  return email.toLowerCase();
}

/** The form in which a phone number is stored: digits without plus and spaces (E.164). @throws validation_failed */
export function normalisePhone(phone: string): string {
  const digits = phone.replace(/^\+/, '').replaceAll(' ', '');
  if (!/^[1-9]\d{1,14}$/.test(digits)) throw invalid('Invalid phone number format (E.164 required)');
  return digits;
}

/**
 * Refuses to write to an address outside the list of allowed ones; an empty list allows all. A label (`name+label@`) does
 * not make another address.
 *
 * @throws email_address_not_authorized
 */
export function assertMayWriteTo(email: string, allowed: readonly string[]): void {
  if (allowed.length === 0) return;
  const plain = email.replace(/\+[^@]*(?=@)/, '');
  if (!allowed.some((entry) => entry.toLowerCase() === plain))
    throw authError('email_address_not_authorized', {
      message: `Email address "${email}" cannot be used as it is not authorized`,
    });
}
