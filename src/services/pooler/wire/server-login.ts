import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import type { ConnectionOptions } from '#kernel/sql';
import { beginScramLogin, type ScramLogin } from '../core/scram-client.ts';
import { type Credentials, md5Answer, md5Digest } from '../core/secret.ts';
import { cancelRequest, errorFields, int32, message, sslRequest, startupMessage } from './messages.ts';

/** Where the server is; user and password of these options are not used. */
export type ServerAddress = Pick<ConnectionOptions, 'host' | 'port' | 'sslMode' | 'sslRootCertificate'> & {
  /** Which kind of address a name is looked up for; undefined: whichever answers. */
  readonly family?: 4 | 6;
};

/** A login at the server. */
export interface ServerLogin {
  readonly address: ServerAddress;
  readonly user: string;
  readonly database: string;
  /** Further startup parameters. */
  readonly settings: Iterable<readonly [string, string]>;
  readonly credentials: Credentials;
  /** Milliseconds for all of it. */
  readonly timeout: number;
}

/** A session that is ready for queries. The socket is paused and nobody listens to it. */
export interface ServerSession {
  readonly socket: Socket;
  /** Where it was opened, and where it can be cancelled. */
  readonly address: ServerAddress;
  readonly pid: number;
  readonly secret: Buffer;
  readonly parameters: ReadonlyMap<string, string>;
  /** What came after the first ReadyForQuery. */
  readonly rest: Buffer;
}

/** The server's own refusal, as it was received. */
export class ServerRefusal extends Error {
  override readonly name = 'ServerRefusal';
  readonly fields: ReadonlyMap<string, string>;

  constructor(payload: Buffer) {
    const fields = errorFields(payload);
    super(fields.get('M') ?? 'the server refused the connection');
    this.fields = fields;
  }

  /** SQLSTATE. */
  get code(): string {
    return this.fields.get('C') ?? '';
  }
}

/** Longest message believed during a login, in bytes. */
const longestMessage = 1024 * 1024;

/** Opens a session. @throws ServerRefusal, or the socket's error */
export async function logIn(login: ServerLogin): Promise<ServerSession> {
  const deadline = AbortSignal.timeout(login.timeout);
  const socket = await openSocket(login.address, deadline);
  const abort = () => socket.destroy(new Error('the server did not answer the login in time'));
  deadline.addEventListener('abort', abort, { once: true });
  try {
    return await authenticate(socket, login);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    deadline.removeEventListener('abort', abort);
  }
}

/** Hands a cancel request over; fulfilled when the server has dealt with it, also when it could not be reached. */
export async function sendCancel(address: ServerAddress, pid: number, secret: Buffer, timeout: number): Promise<void> {
  try {
    const socket = await openSocket(address, AbortSignal.timeout(timeout));
    await new Promise<void>((resolve) => {
      socket.setTimeout(timeout, () => socket.destroy());
      socket.once('close', () => resolve());
      socket.on('error', () => socket.destroy());
      socket.resume();
      socket.end(cancelRequest(pid, secret));
    });
  } catch {
    // The request may be over already, and so may the server.
  }
}

async function openSocket(address: ServerAddress, deadline: AbortSignal): Promise<Socket> {
  const mode = address.sslMode ?? (address.host.startsWith('/') ? 'disable' : 'prefer');
  const socket = await connect(address, deadline);
  if (mode === 'disable') return socket;
  socket.write(sslRequest());
  const [answer] = await nextBytes(socket);
  if (answer === 0x4e && mode === 'prefer') return socket;
  if (answer !== 0x53) {
    socket.destroy();
    throw new Error(`the server offers no TLS, which POSTGRES_SSLMODE=${mode} asks for`);
  }
  const secured = tls.connect({
    socket,
    ...(!net.isIP(address.host) && { servername: address.host }),
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
    ...(address.sslRootCertificate && { ca: address.sslRootCertificate }),
    ...(mode === 'verify-ca' && { checkServerIdentity: () => undefined }),
  });
  await settled(secured, 'secureConnect', deadline);
  return secured;
}

async function connect({ host, port, family }: ServerAddress, deadline: AbortSignal): Promise<Socket> {
  const socket = host.startsWith('/')
    ? net.connect({ path: `${host}/.s.PGSQL.${port}` })
    : net.connect({ host, port, noDelay: true, keepAlive: true, ...(family && { family }) });
  await settled(socket, 'connect', deadline);
  return socket;
}

function settled(socket: Socket, event: string, deadline: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error) => {
      socket.removeListener('error', done);
      socket.removeListener(event, succeed);
      deadline.removeEventListener('abort', late);
      if (!error) return resolve();
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const succeed = () => done();
    const late = () => done(Object.assign(new Error('the server cannot be reached in time'), { code: 'ETIMEDOUT' }));
    socket.once('error', done);
    socket.once(event, succeed);
    deadline.addEventListener('abort', late, { once: true });
  });
}

function nextBytes(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      socket.pause();
      socket.removeListener('data', got).removeListener('error', fail).removeListener('close', ended);
    };
    const got = (bytes: Buffer) => {
      finish();
      resolve(bytes);
    };
    const fail = (error: Error) => {
      finish();
      reject(error);
    };
    const ended = () => fail(Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' }));
    socket.on('data', got).once('error', fail).once('close', ended);
    socket.resume();
  });
}

async function authenticate(socket: Socket, login: ServerLogin): Promise<ServerSession> {
  const parameters = new Map<string, string>();
  let key: { readonly pid: number; readonly secret: Buffer } | undefined;
  let scram: ScramLogin | undefined;
  let proven = false;
  let bytes: Buffer = Buffer.alloc(0);

  socket.write(startupMessage([['user', login.user], ['database', login.database], ...login.settings]));
  for (;;) {
    const length = bytes.length < 5 ? undefined : bytes.readUInt32BE(1);
    if (length !== undefined && (length < 4 || length > longestMessage))
      throw new Error('the server sent something that is not its protocol');
    if (length === undefined || bytes.length < length + 1) {
      bytes = Buffer.concat([bytes, await nextBytes(socket)]);
      continue;
    }
    const payload = bytes.subarray(5, length + 1);
    const type = String.fromCharCode(bytes[0] as number);
    bytes = bytes.subarray(length + 1);
    switch (type) {
      case 'R': {
        const answer = await authenticationStep(payload);
        if (answer) socket.write(answer);
        break;
      }
      case 'S': {
        const end = payload.indexOf(0);
        parameters.set(payload.toString('utf8', 0, end), payload.toString('utf8', end + 1, payload.length - 1));
        break;
      }
      case 'K':
        key = { pid: payload.readInt32BE(0), secret: Buffer.from(payload.subarray(4)) };
        break;
      case 'E':
        throw new ServerRefusal(payload);
      case 'Z':
        return {
          socket,
          address: login.address,
          pid: key?.pid ?? 0,
          secret: key?.secret ?? Buffer.alloc(0),
          parameters,
          rest: bytes,
        };
      // Notices before the first query have nobody to read them.
    }
  }

  async function authenticationStep(payload: Buffer): Promise<Buffer | undefined> {
    const { credentials } = login;
    const data = payload.subarray(4);
    switch (payload.readInt32BE(0)) {
      case 0:
        // A server that breaks a SCRAM exchange off with success may be an impostor.
        if (scram && !proven) throw new Error('the server did not prove that it knows the password');
        return undefined;
      case 3:
        if (credentials.kind === 'password') return message('p', credentials.password);
        break;
      case 5:
        if (credentials.kind === 'md5') return message('p', md5Answer(credentials.digest, data));
        if (credentials.kind === 'password')
          return message('p', md5Answer(md5Digest(login.user, credentials.password), data));
        break;
      case 10: {
        if (credentials.kind === 'md5' || !data.toString('latin1').split('\0').includes('SCRAM-SHA-256')) break;
        scram = beginScramLogin(credentials);
        const first = Buffer.from(scram.clientFirst);
        return message('p', 'SCRAM-SHA-256', int32(first.length), first);
      }
      case 11:
        if (scram) return message('p', Buffer.from(await scram.answer(data.toString())));
        break;
      case 12:
        proven = scram?.isGenuine(data.toString()) ?? false;
        if (proven) return undefined;
    }
    throw new Error('the server asks for a kind of password that the pooler does not have');
  }
}
