import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { StartupError } from '#kernel/errors';
import { type CertificatePair, selfSignedCertificate } from '#kernel/tls';

/** The operator's own certificate. @throws StartupError when a file cannot be read or they do not fit */
export function givenCertificate(certificateFile: string, keyFile: string): SecureContext {
  const read = (path: string, setting: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw new StartupError(`cannot read ${path}: ${(error as Error).message}`, setting, error);
    }
  };
  const certificate = read(certificateFile, 'GLOBAL_DOWNSTREAM_CERT_PATH');
  const key = read(keyFile, 'GLOBAL_DOWNSTREAM_KEY_PATH');
  try {
    return contextOf({ certificate, key });
  } catch (error) {
    throw new StartupError(
      `the certificate in ${certificateFile} cannot be used: ${(error as Error).message}`,
      'GLOBAL_DOWNSTREAM_CERT_PATH',
      error,
    );
  }
}

/**
 * The certificate in a folder, made at the first start and kept from then on, so that clients may pin it. It is for this
 * machine's names; a client with `sslmode=require` encrypts, one with `verify-full` has to be given `server.crt`.
 */
export function ownCertificate(folder: string): SecureContext {
  const files = { certificate: join(folder, 'server.crt'), key: join(folder, 'server.key') };
  try {
    return contextOf({
      certificate: readFileSync(files.certificate, 'utf8'),
      key: readFileSync(files.key, 'utf8'),
    });
  } catch {
    // Missing, cut short or no longer readable: another one takes its place.
  }
  const pair = selfSignedCertificate(['localhost', '127.0.0.1', '::1', hostname()]);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(files.key, pair.key, { mode: 0o600 });
    writeFileSync(files.certificate, pair.certificate);
  } catch (error) {
    throw new StartupError(`cannot write ${folder}: ${(error as Error).message}`, 'VOLUMES_DIR', error);
  }
  return contextOf(pair);
}

const contextOf = ({ certificate, key }: CertificatePair): SecureContext =>
  createSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' });
