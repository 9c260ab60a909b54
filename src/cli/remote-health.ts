import { sendRequest } from './request.ts';

/** A gateway's own account of its rooms. */
export interface RemoteHealth {
  readonly status: string;
  readonly services: Readonly<
    Record<
      string,
      { readonly status: string; readonly required: boolean; readonly detail?: { readonly reason?: string } }
    >
  >;
}

/** Asks a running gateway for its health. @returns undefined when nothing answers within five seconds */
export async function fetchHealth(url: string): Promise<RemoteHealth | undefined> {
  const answer = await sendRequest(`${url}/health`, 5_000);
  if (answer === undefined) return undefined;
  try {
    return JSON.parse(answer.body) as RemoteHealth;
  } catch {
    return undefined;
  }
}
