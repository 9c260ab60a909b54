const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The id of an upload as it stands in its URL: base64url of `bucket/object/version`. */
export const encodeUploadId = (bucketId: string, name: string, version: string): string =>
  Buffer.from(`${bucketId}/${name}/${version}`).toString('base64url');

/** The version in an id. @returns undefined for everything that is no id */
export function decodeUploadId(id: string): string | undefined {
  if (!/^[\w-]+$/.test(id)) return undefined;
  const version = Buffer.from(id, 'base64url').toString('utf8').split('/').at(-1) ?? '';
  return uuid.test(version) ? version : undefined;
}
