export { type CertificatePair, selfSignedCertificate } from './self-signed.ts';
