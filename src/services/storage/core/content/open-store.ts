import type { StorageSettings } from '../../settings.ts';
import type { ContentStore } from './content-store.ts';
import { createFileStore } from './file-store.ts';
import { withSmallContents } from './small-contents.ts';

/** Opens the backend that the settings name. @param defaultFolder of the file backend */
export async function openStore(settings: StorageSettings, defaultFolder: string): Promise<ContentStore> {
  return withSmallContents(await openBackend(settings, defaultFolder), settings.smallContents);
}

async function openBackend(settings: StorageSettings, defaultFolder: string): Promise<ContentStore> {
  const { s3Bucket: bucket, tenantId: tenant } = settings;
  if (settings.backend === 'file')
    return createFileStore({
      root: settings.filePath ?? defaultFolder,
      bucket,
      tenant,
      readMemory: settings.readMemory,
      openFiles: settings.openFiles,
    });
  const { createS3Store } = await import('./s3-store.ts');
  const { s3AccessKeyId: accessKeyId, s3SecretAccessKey: secretAccessKey } = settings;
  return createS3Store({
    bucket,
    tenant,
    region: settings.region,
    endpoint: settings.s3Endpoint,
    pathStyle: settings.s3PathStyle,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : undefined,
    maxSockets: settings.s3MaxSockets,
    timeout: settings.s3ClientTimeout,
    partSize: settings.s3PartSize,
  });
}
