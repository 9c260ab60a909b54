import { realtimeError } from '../errors.ts';

/** A request's body as JSON. @throws ServiceError `bad_json` */
export function jsonOf(body: unknown): unknown {
  try {
    return JSON.parse((body as Buffer).toString());
  } catch {
    throw realtimeError('bad_json');
  }
}
