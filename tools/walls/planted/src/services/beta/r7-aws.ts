import { S3Client } from '@aws-sdk/client-s3';

export const r7Aws = S3Client;
