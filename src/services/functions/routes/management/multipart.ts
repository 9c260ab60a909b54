import type { DeployedFile } from '../../core/project/deploy.ts';
import { functionsError } from '../../errors.ts';

/** A deployment's form: a JSON text `metadata` and any number of files. */
export interface DeploymentForm {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly files: readonly DeployedFile[];
}

/** Takes a multipart body apart (RFC 7578). @throws ServiceError when it is none */
export async function parseDeploymentForm(body: Buffer, contentType: string): Promise<DeploymentForm> {
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(body), { headers: { 'content-type': contentType } }).formData();
  } catch (error) {
    throw functionsError('invalid_request', { message: 'The body is no multipart form', cause: error });
  }
  const files: DeployedFile[] = [];
  for (const [name, part] of form.entries()) {
    if (typeof part === 'string' || name === 'metadata') continue;
    files.push({ path: part.name, content: Buffer.from(await part.arrayBuffer()) });
  }
  const given = form.get('metadata');
  const text = typeof given === 'string' ? given : await given?.text();
  try {
    const metadata: unknown = JSON.parse(text ?? '{}');
    if (typeof metadata !== 'object' || metadata === null) throw new Error('no object');
    return { metadata: metadata as Readonly<Record<string, unknown>>, files };
  } catch (error) {
    throw functionsError('invalid_request', { message: 'The field metadata is no JSON object', cause: error });
  }
}

/** Files as a multipart body. */
export async function renderFiles(files: readonly DeployedFile[]): Promise<{ contentType: string; body: Buffer }> {
  const form = new FormData();
  for (const { path, content } of files) form.append('file', new Blob([new Uint8Array(content)]), path);
  const response = new Response(form);
  return {
    contentType: response.headers.get('content-type') as string,
    body: Buffer.from(await response.arrayBuffer()),
  };
}
