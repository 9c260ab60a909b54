import { Agent, get } from 'node:http';

/** Latencies of a run at a fixed rate. */
export interface PacedResult {
  readonly requests: number;
  /** Milliseconds from the moment a request was due. */
  readonly p50: number;
  readonly p95: number;
}

/** A load at a fixed rate, whatever the server does: a late answer delays no other request. */
export interface PacedOptions {
  readonly url: () => string;
  readonly headers: Readonly<Record<string, string>>;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** Asks at a fixed rate over kept-alive sockets. @throws Error on the first answer that is no 2xx */
export async function paced({ url, headers, perSecond, duration }: PacedOptions): Promise<PacedResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const started = performance.now();
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  const count = Math.floor((duration / 1_000) * perSecond);
  for (let index = 0; index < count; index++) {
    const due = started + (index * 1_000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    pending.push(
      ask(url(), headers, agent).then(() => {
        latencies.push(performance.now() - due);
      }),
    );
  }
  await Promise.all(pending);
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { requests: latencies.length, p50: at(0.5), p95: at(0.95) };
}

function ask(url: string, headers: Readonly<Record<string, string>>, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`unexpected answer ${response.statusCode}`));
      });
    }).once('error', reject);
  });
}
