import { deno, replace } from './deno.ts';

interface RunOptions {
  readonly mode?: 'ollama' | 'openaicompatible';
  readonly stream?: boolean;
  /** Seconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

const embeddingModel = 'gte-small';

/** `Supabase.ai.Session`: inference by a server that `AI_INFERENCE_API_HOST` names. */
class Session {
  readonly #model: string;
  readonly #host: string;

  constructor(model: string) {
    const host = deno.env.get('AI_INFERENCE_API_HOST');
    if (!host)
      throw new Error(
        `Supabase.ai.Session(${JSON.stringify(model)}): set AI_INFERENCE_API_HOST to a server that runs the model; none runs inside this runtime`,
      );
    this.#model = model;
    this.#host = host.replace(/\/+$/, '');
  }

  /** Asks the model. @returns its answer, an iterator over its parts with `stream`, or the embedding of a text */
  async run(input: unknown, options: RunOptions = {}): Promise<unknown> {
    if (this.#model === embeddingModel) return this.#embed(input, options);
    const stream = options.stream === true;
    if (options.mode === 'openaicompatible') {
      const given = typeof input === 'string' ? { messages: [{ role: 'user', content: input }] } : (input as object);
      const answer = await this.#post('/v1/chat/completions', { ...given, model: this.#model, stream }, options);
      return stream ? parts(answer, sseData) : answer.json();
    }
    const answer = await this.#post('/api/generate', { model: this.#model, prompt: input, stream }, options);
    return stream ? parts(answer, (line) => line) : answer.json();
  }

  async #embed(input: unknown, options: RunOptions): Promise<unknown> {
    const answer = await this.#post('/v1/embeddings', { model: this.#model, input }, options);
    const { data } = (await answer.json()) as { data?: { embedding: number[] }[] };
    if (data?.[0] === undefined) throw new Error('the inference server gave no embedding');
    return data[0].embedding;
  }

  async #post(path: string, body: object, { timeout = 60, signal }: RunOptions): Promise<Response> {
    const limits = [AbortSignal.timeout(timeout * 1_000), ...(signal ? [signal] : [])];
    const answer = await fetch(this.#host + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.any(limits),
    });
    if (!answer.ok) throw new Error(`the inference server answered ${answer.status}: ${await answer.text()}`);
    return answer;
  }
}

function sseData(line: string): string | undefined {
  const data = line.startsWith('data:') ? line.slice('data:'.length).trim() : '';
  return data === '' || data === '[DONE]' ? undefined : data;
}

async function* parts(answer: Response, read: (line: string) => string | undefined): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    pending += decoder.decode(chunk, { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) {
      const text = read(line.trim());
      if (text) yield JSON.parse(text);
    }
  }
  const last = read(pending.trim());
  if (last) yield JSON.parse(last);
}

/** Defines the global `Supabase`. */
export function offerInference(): void {
  replace(globalThis, 'Supabase', Object.freeze({ ai: Object.freeze({ Session }) }));
}
