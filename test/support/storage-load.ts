import { createHash, randomBytes, randomInt } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

/** Where storage is at the moment, and how to get in. */
export interface StorageAccess {
  readonly url: string;
  readonly serviceKey: string;
  readonly s3: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Digest of a content, or null for none. */
type State = string | null;

interface Resumable {
  readonly path: string;
  readonly slot: string;
  readonly bytes: Buffer;
  /** What the server has said it has. */
  acknowledged: number;
  /** The last piece was on its way. */
  mayBeDone: boolean;
}

const slotsOfWorker = 6;
const largest = 150_000;
const digestOf = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
const someBytes = (): Buffer => randomBytes(1 + randomInt(largest));

/**
 * Clients that change a bucket as fast as they can, in every way there is, and know what may be there afterwards: what was
 * acknowledged, or, of what was under way when the server died, either all or nothing.
 */
export class StorageLoad {
  readonly #bucket: string;
  readonly #workers: number;
  readonly #states = new Map<string, Set<State>>();
  /** Pairs of which one has the content, and the other none. */
  readonly #moves = new Set<readonly [string, string, State]>();
  readonly #resumables = new Map<number, Resumable>();
  #isRunning = false;
  #working = 0;
  #done: Promise<unknown> = Promise.resolve();
  /** How often each kind was acknowledged. */
  readonly acknowledged: Record<string, number> = {};
  #total = 0;

  constructor(bucket: string, workers: number) {
    this.#bucket = bucket;
    this.#workers = workers;
    for (let worker = 0; worker < workers; worker++)
      for (let slot = 0; slot < slotsOfWorker; slot++) this.#states.set(`w${worker}/s${slot}`, new Set([null]));
  }

  /** Acknowledgements so far. */
  get total(): number {
    return this.#total;
  }

  /** Whether any client is still at it: each ends with the first request of which it does not know what came of it. */
  get isWorking(): boolean {
    return this.#working > 0;
  }

  start(access: StorageAccess): void {
    this.#isRunning = true;
    this.#working = this.#workers;
    this.#done = Promise.all(Array.from({ length: this.#workers }, (_unused, worker) => this.#work(access, worker)));
  }

  /** Fulfilled when all requests have ended, most of them badly. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#done;
  }

  async #work(access: StorageAccess, worker: number): Promise<void> {
    const s3 = new S3Client({
      endpoint: `${access.url}/s3`,
      region: 'stub',
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: access.s3,
    });
    const kinds = [this.#put, this.#put, this.#remove, this.#move, this.#copy, this.#multipart, this.#resume];
    while (this.#isRunning) {
      const kind = kinds[randomInt(kinds.length)] as (typeof kinds)[number];
      try {
        await kind.call(this, access, worker, s3);
      } catch {
        // The server is gone: what was under way may have happened or not.
        break;
      }
    }
    s3.destroy();
    this.#working--;
  }

  #slot(worker: number): string {
    return `w${worker}/s${randomInt(slotsOfWorker)}`;
  }

  #known(slot: string): State {
    return [...(this.#states.get(slot) as Set<State>)][0] as State;
  }

  #count(kind: string): void {
    this.acknowledged[kind] = (this.acknowledged[kind] ?? 0) + 1;
    this.#total++;
  }

  /** Does something that gives slots another state, and remembers what may be true while it does. */
  async #change(kind: string, changes: ReadonlyMap<string, State>, ask: () => Promise<boolean>): Promise<void> {
    const before = new Map([...changes.keys()].map((slot) => [slot, this.#known(slot)]));
    for (const [slot, state] of changes) this.#states.get(slot)?.add(state);
    const isChanged = await ask();
    for (const slot of changes.keys())
      this.#states.set(slot, new Set([(isChanged ? changes : before).get(slot) as State]));
    if (isChanged) this.#count(kind);
  }

  async #ask(access: StorageAccess, method: string, path: string, body?: Buffer | object, headers: object = {}) {
    const isBytes = Buffer.isBuffer(body);
    const answer = await fetch(`${access.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${access.serviceKey}`,
        'content-type': isBytes ? 'application/octet-stream' : 'application/json',
        ...headers,
      },
      ...(body && { body: (isBytes ? body : JSON.stringify(body)) as NonNullable<RequestInit['body']> }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    return { ok: answer.ok, status: answer.status, headers: answer.headers, bytes };
  }

  async #put(access: StorageAccess, worker: number): Promise<void> {
    const slot = this.#slot(worker);
    const bytes = someBytes();
    const kind = this.#known(slot) === null ? 'upload' : 'overwrite';
    await this.#change(kind, new Map([[slot, digestOf(bytes)]]), async () => {
      return isDone(await this.#ask(access, 'PUT', `/object/${this.#bucket}/${slot}`, bytes));
    });
  }

  async #remove(access: StorageAccess, worker: number): Promise<void> {
    const slot = this.#slot(worker);
    await this.#change('delete', new Map([[slot, null]]), async () => {
      return isDone(await this.#ask(access, 'DELETE', `/object/${this.#bucket}/${slot}`));
    });
  }

  async #move(access: StorageAccess, worker: number): Promise<void> {
    const [from, to] = [this.#slot(worker), this.#slot(worker)];
    const content = this.#known(from);
    if (from === to || content === null || this.#known(to) !== null) return;
    const move = [from, to, content] as const;
    this.#moves.add(move);
    const route = { bucketId: this.#bucket, sourceKey: from, destinationKey: to };
    await this.#change(
      'move',
      new Map<string, State>([
        [from, null],
        [to, content],
      ]),
      async () => isDone(await this.#ask(access, 'POST', '/object/move', route)),
    );
    this.#moves.delete(move);
  }

  async #copy(access: StorageAccess, worker: number): Promise<void> {
    const [from, to] = [this.#slot(worker), this.#slot(worker)];
    const content = this.#known(from);
    if (from === to || content === null) return;
    const route = { bucketId: this.#bucket, sourceKey: from, destinationKey: to };
    await this.#change('copy', new Map([[to, content]]), async () => {
      return isDone(await this.#ask(access, 'POST', '/object/copy', route, { 'x-upsert': 'true' }));
    });
  }

  async #multipart(_access: StorageAccess, worker: number, s3: S3Client): Promise<void> {
    const slot = this.#slot(worker);
    const place = { Bucket: this.#bucket, Key: slot };
    const parts = [someBytes(), someBytes(), someBytes()];
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(place));
    const made = await Promise.all(
      parts.map(async (Body, index) => {
        const PartNumber = index + 1;
        const { ETag } = await s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body }));
        return { PartNumber, ETag };
      }),
    );
    await this.#change('multipart', new Map([[slot, digestOf(Buffer.concat(parts))]]), async () => {
      await s3.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts: made } }));
      return true;
    });
  }

  /** Begins a resumable upload or goes on with the one that was left. */
  async #resume(access: StorageAccess, worker: number): Promise<void> {
    const tus = { 'tus-resumable': '1.0.0', 'x-upsert': 'true' };
    let upload = this.#resumables.get(worker);
    if (!upload) {
      const bytes = someBytes();
      const slot = `w${worker}/tus`;
      if (!this.#states.has(slot)) this.#states.set(slot, new Set([null]));
      const base64 = (text: string) => Buffer.from(text).toString('base64');
      const made = await this.#ask(access, 'POST', '/upload/resumable', undefined, {
        ...tus,
        'upload-length': String(bytes.length),
        'upload-metadata': `bucketName ${base64(this.#bucket)},objectName ${base64(slot)}`,
      });
      if (!made.ok) return;
      const { pathname } = new URL(made.headers.get('location') as string);
      upload = { path: pathname, slot, bytes, acknowledged: 0, mayBeDone: false };
      this.#resumables.set(worker, upload);
      this.#count('resumable created');
    }
    const { bytes, path, slot } = upload;
    const end = Math.min(bytes.length, upload.acknowledged + 1 + randomInt(largest / 2));
    const piece = bytes.subarray(upload.acknowledged, end);
    const isLast = end === bytes.length;
    const patch = async () => {
      const answer = await this.#ask(access, 'PATCH', path, piece, {
        ...tus,
        'upload-offset': String(upload.acknowledged),
        'content-type': 'application/offset+octet-stream',
      });
      if (!answer.ok) throw new Error(`a piece was answered ${answer.status} ${answer.bytes}`);
      return true;
    };
    if (!isLast) {
      await patch();
      upload.acknowledged = end;
      this.#count('resumable piece');
      return;
    }
    upload.mayBeDone = true;
    await this.#change('resumable completed', new Map([[slot, digestOf(bytes)]]), patch);
    this.#resumables.delete(worker);
  }

  /** Goes through everything, and takes what is there for the truth from now on. @returns what is wrong */
  async check(access: StorageAccess): Promise<string[]> {
    const wrong: string[] = [];
    for (const [worker, upload] of this.#resumables) {
      const head = await this.#ask(access, 'HEAD', upload.path, undefined, {
        'tus-resumable': '1.0.0',
        'x-upsert': 'true',
      });
      const offset = Number(head.headers.get('upload-offset') ?? Number.NaN);
      if (!(offset >= upload.acknowledged))
        wrong.push(`${upload.slot}: ${head.status}, at ${offset} after ${upload.acknowledged}`);
      const digest = digestOf(upload.bytes);
      // A client that hears that nothing is missing asks no further.
      if (offset === upload.bytes.length) {
        if (!upload.mayBeDone) wrong.push(`${upload.slot}: more is there than was sent`);
        this.#states.set(upload.slot, new Set([digest]));
        this.#resumables.delete(worker);
      } else {
        this.#states.get(upload.slot)?.delete(digest);
        upload.acknowledged = offset;
        upload.mayBeDone = false;
      }
    }
    for (const [slot, allowed] of this.#states) {
      const answer = await this.#ask(access, 'GET', `/object/${this.#bucket}/${slot}`);
      const isGone = !answer.ok && String(answer.bytes).includes('"not_found"');
      const found = answer.ok ? digestOf(answer.bytes) : null;
      if (!answer.ok && !isGone) wrong.push(`${slot}: ${answer.status} ${answer.bytes}`);
      else if (!allowed.has(found)) wrong.push(`${slot}: ${found} is none of ${[...allowed].join(' ')}`);
      if (answer.ok && answer.headers.get('etag')?.includes('-') === false)
        if (answer.headers.get('etag') !== `"${found}"`) wrong.push(`${slot}: its ETag is another`);
      this.#states.set(slot, new Set([found]));
    }
    for (const [from, to, content] of this.#moves) {
      const there = [from, to].filter((slot) => this.#known(slot) === content);
      if (there.length !== 1) wrong.push(`${from} and ${to}: the content is at ${there.length} places`);
    }
    this.#moves.clear();
    return wrong;
  }
}

/** @throws Error when it is not known whether something was done */
function isDone({ ok, status }: { readonly ok: boolean; readonly status: number }): boolean {
  if (status >= 500) throw new Error(`it answered ${status}`);
  return ok;
}
