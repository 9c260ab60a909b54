import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

export const reached = getSignedUrl;
