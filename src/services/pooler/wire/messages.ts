/** Version 3.0 of the protocol, the one spoken here. */
export const protocolVersion = 196_608;

/** Codes that stand in place of a version in a client's first packet. */
export const requestCode = { cancel: 80_877_102, ssl: 80_877_103, gss: 80_877_104 } as const;

/** A whole message: type letter, length, payload. */
export function message(type: string, ...parts: readonly (Buffer | string)[]): Buffer {
  const payload = parts.map((part) => (typeof part === 'string' ? Buffer.from(`${part}\0`) : part));
  const length = payload.reduce((sum, part) => sum + part.length, 4);
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, ...payload]);
}

/** A number as the protocol's Int32. */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

/** What a client is told of a failure (ErrorResponse, protocol documentation "Error and Notice Message Fields"). */
export interface WireError {
  readonly severity: 'FATAL' | 'ERROR';
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** ErrorResponse. */
export function errorMessage({ severity, code, message: text, hint }: WireError): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${text}`, ...(hint === undefined ? [] : [`H${hint}`])];
  return message('E', ...fields, Buffer.alloc(1));
}

/** The fields of an ErrorResponse's or NoticeResponse's payload by their letter. */
export function errorFields(payload: Buffer): Map<string, string> {
  const fields = new Map<string, string>();
  let at = 0;
  while (at < payload.length && payload[at] !== 0) {
    const end = payload.indexOf(0, at + 1);
    if (end < 0) break;
    fields.set(String.fromCharCode(payload[at] as number), payload.toString('utf8', at + 1, end));
    at = end + 1;
  }
  return fields;
}

/** ErrorResponse from its fields. */
export function errorFromFields(fields: ReadonlyMap<string, string>): Buffer {
  return message('E', ...[...fields].map(([letter, text]) => letter + text), Buffer.alloc(1));
}

/** AuthenticationOk. */
export const authenticationOk = (): Buffer => message('R', int32(0));

/** AuthenticationMD5Password. */
export const authenticationMd5 = (salt: Buffer): Buffer => message('R', int32(5), salt);

/** AuthenticationSASL with the one mechanism that is offered. */
export const authenticationSasl = (): Buffer => message('R', int32(10), 'SCRAM-SHA-256', Buffer.alloc(1));

/** AuthenticationSASLContinue and AuthenticationSASLFinal. */
export const authenticationSaslData = (step: 'continue' | 'final', data: string): Buffer =>
  message('R', int32(step === 'continue' ? 11 : 12), Buffer.from(data));

/** ParameterStatus. */
export const parameterStatus = (name: string, value: string): Buffer => message('S', name, value);

/** BackendKeyData. */
export const backendKeyData = (pid: number, secret: Buffer): Buffer => message('K', int32(pid), secret);

/** ReadyForQuery outside a transaction. */
export const readyForQuery = (): Buffer => message('Z', Buffer.from('I'));

/** NegotiateProtocolVersion: what was asked for beyond version 3.0 is not there. */
export const negotiateProtocol = (unknown: readonly string[]): Buffer =>
  message('v', int32(protocolVersion), int32(unknown.length), ...unknown);

/** Query. */
export const queryMessage = (sql: string): Buffer => message('Q', sql);

/** Terminate. */
export const terminate = (): Buffer => message('X');

/** A packet without type letter: StartupMessage and the requests in its place. */
function packet(...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length + 4), body]);
}

/** StartupMessage. */
export function startupMessage(parameters: Iterable<readonly [string, string]>): Buffer {
  const texts = [...parameters].map(([name, value]) => Buffer.from(`${name}\0${value}\0`));
  return packet(int32(protocolVersion), ...texts, Buffer.alloc(1));
}

/** SSLRequest. */
export const sslRequest = (): Buffer => packet(int32(requestCode.ssl));

/** CancelRequest. */
export const cancelRequest = (pid: number, secret: Buffer): Buffer =>
  packet(int32(requestCode.cancel), int32(pid), secret);
