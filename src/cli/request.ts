/** GETs a URL. @param timeout milliseconds @returns undefined when nothing answers */
export async function sendRequest(
  url: string,
  timeout: number,
): Promise<{ readonly status: number; readonly body: string } | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeout), headers: { connection: 'close' } });
    return { status: answer.status, body: await answer.text() };
  } catch {
    return undefined;
  }
}
