import { createHmac, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { type Identity, type IdentityProblem, identify, type TenantNames } from '../core/identity.ts';
import { type LoginEvent, type LoginState, nextLoginState } from '../core/login-states.ts';
import { beginScram, type ScramChallenge, type ScramRefusal } from '../core/scram-server.ts';
import { type Credentials, isSame, md5Answer, type ScramVerifier } from '../core/secret.ts';
import type { FoundSecret } from '../core/secret-source.ts';
import { poolerFatal, type wireErrors } from '../errors.ts';
import {
  authenticationMd5,
  authenticationSasl,
  authenticationSaslData,
  errorMessage,
  negotiateProtocol,
} from './messages.ts';
import { packetLength, parseFirstPacket } from './startup-packet.ts';

/** What logging in depends on. */
export interface LoginContext {
  /** The tenants by name; it changes with them. */
  readonly names: TenantNames;
  /** Looks for tenants that have come since, unless that was done a moment ago. Never rejects. */
  readonly learn: () => Promise<void>;
  /** Without one, TLS is not offered. */
  readonly secureContext: SecureContext | undefined;
  /** Bytes of a StartupMessage at most. */
  readonly maxStartup: number;
  /** Milliseconds from the connection to a proven password. */
  readonly timeout: number;
  readonly version: string;
  /** The role's secret. */
  readonly find: (identity: Identity) => Promise<FoundSecret>;
  /** The password was wrong: what was found may be out of date. */
  readonly doubt: (identity: Identity) => void;
  /** Says why such a session is not to be had here, before a password is asked for. */
  readonly judge: (identity: Identity, isSecured: boolean, address: string) => LoginRefusal | undefined;
  /** Roles that are not there are answered like wrong passwords, not by saying so. */
  readonly hidesUnknown: (identity: Identity) => boolean;
  /** Key of the made-up salts of such roles. */
  readonly pretence: Buffer;
  readonly cancel: (pid: number, secret: Buffer) => Promise<void>;
  readonly proven: (client: ProvenClient) => void;
  /** Logging in is over: somebody else goes on with the socket, it was for something else, or it failed. */
  readonly ended: (login: ClientLogin, how: LoginEnd) => void;
}

/** Why a client is sent away. */
export interface LoginRefusal {
  readonly name: keyof typeof wireErrors;
  /** Added to the text. */
  readonly detail?: string;
}

/** How logging in ends. */
export type LoginEnd = 'proven' | 'served' | 'failed';

/** A client that proved who it is. Its socket is paused; what is written first is AuthenticationOk. */
export interface ProvenClient {
  readonly socket: Socket;
  readonly identity: Identity;
  readonly credentials: Credentials;
  readonly secured: boolean;
  /** What it sent beyond its proof. */
  readonly rest: Buffer;
  readonly answer: Buffer | undefined;
}

/** Longest PasswordMessage or SASL message, in bytes. */
const longestProof = 4_096;
const pretendedIterations = 4_096;

/** Takes a client from its first byte to the proof of its password. Every step stands in the table of login states. */
export class ClientLogin {
  readonly #context: LoginContext;
  #socket: Socket;
  #state: LoginState = 'greeting';
  #bytes: Buffer = Buffer.alloc(0);
  readonly #timer: NodeJS.Timeout;
  #identity: Identity | undefined;
  #found: FoundSecret | undefined;
  #challenge: ScramChallenge | undefined;
  #salt: Buffer | undefined;
  #ended = false;

  constructor(socket: Socket, context: LoginContext) {
    this.#socket = socket;
    this.#context = context;
    this.#timer = setTimeout(() => this.#fail('login_timeout'), context.timeout);
    this.#listen();
  }

  /** Who it wants to be served by, once it has said so. */
  get tenant(): string | undefined {
    return this.#identity?.tenant;
  }

  /** Ends it, when the pooler stops. */
  abort(): void {
    this.#socket.destroy();
    this.#end('failed');
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    this.#advance();
  };
  readonly #onError = (): void => void this.#socket.destroy();
  readonly #onClose = (): void => this.#end('failed');

  #listen(): void {
    this.#socket.on('data', this.#onData).on('error', this.#onError).on('close', this.#onClose);
  }

  #unlisten(): void {
    this.#socket.pause();
    this.#socket.removeListener('data', this.#onData).removeListener('close', this.#onClose);
  }

  #end(how: LoginEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#context.ended(this, how);
  }

  #fail(name: keyof typeof wireErrors, detail = ''): void {
    if (this.#ended) return;
    this.#state = 'closed';
    const socket = this.#socket;
    socket.end(errorMessage(poolerFatal(name, detail)));
    setTimeout(() => socket.destroy(), 2_000).unref();
    this.#end('failed');
  }

  /** @returns false when the event has no place here; the connection has ended then */
  #step(event: LoginEvent): boolean {
    const next = nextLoginState(this.#state, event);
    if (next === undefined) {
      this.#fail(this.#identity ? 'malformed_authentication' : 'protocol_violation');
      return false;
    }
    this.#state = next;
    return true;
  }

  #advance(): void {
    switch (this.#state) {
      case 'greeting':
      case 'after-gss':
      case 'after-ssl':
      case 'encrypted':
        this.#readFirst();
        return;
      case 'sasl-first':
      case 'sasl-final':
      case 'md5':
        this.#readProof();
        return;
      case 'closed':
        return;
      default:
        // Nobody has anything to say while we work.
        this.#fail('malformed_authentication');
    }
  }

  #readFirst(): void {
    const bytes = this.#bytes;
    if (bytes.length >= 1 && bytes[0] === 0x16 && this.#state === 'greeting' && this.#context.secureContext) {
      if (this.#step('client-hello')) this.#secure(bytes);
      return;
    }
    if (bytes.length >= 3 && bytes.toString('latin1', 0, 3) === 'GET') {
      if (this.#step('probe')) this.#socket.end(`HTTP/1.1 204 OK\r\nx-app-version: ${this.#context.version}\r\n\r\n`);
      this.#end('served');
      return;
    }
    const length = packetLength(bytes);
    if (length === undefined) return;
    // Too long a packet is not answered: whoever sends it speaks another protocol.
    if (length < 8 || length > this.#context.maxStartup) {
      this.#socket.destroy();
      return;
    }
    if (bytes.length < length) return;
    const packet = parseFirstPacket(bytes.subarray(0, length));
    if (packet.kind === 'malformed') {
      this.#fail('protocol_violation');
      return;
    }
    // Whatever follows at once was not written by somebody who waits for our answer; behind a request for TLS it could
    // be an attacker's, taken for the client's own later.
    if (bytes.length > length) {
      this.#fail('protocol_violation');
      return;
    }
    if (!this.#step(packet.kind)) return;
    this.#bytes = Buffer.alloc(0);
    switch (packet.kind) {
      case 'gss-request':
        this.#socket.write('N');
        return;
      case 'ssl-request':
        if (this.#context.secureContext) {
          this.#socket.write('S');
          this.#secure(undefined);
        } else if (this.#step('refuse-ssl')) this.#socket.write('N');
        return;
      case 'cancel-request':
        this.#unlisten();
        void this.#context.cancel(packet.pid, packet.secret).then(() => {
          this.#socket.end();
          this.#end('served');
        });
        return;
      case 'startup':
        this.#startup(packet);
    }
  }

  #secure(hello: Buffer | undefined): void {
    const raw = this.#socket;
    this.#unlisten();
    this.#bytes = Buffer.alloc(0);
    if (hello) raw.unshift(hello);
    const secured = new TLSSocket(raw, {
      isServer: true,
      secureContext: this.#context.secureContext as SecureContext,
      ALPNProtocols: ['postgresql'],
    });
    this.#socket = secured;
    secured.once('secure', () => {
      if (this.#step('secured')) this.#listen();
    });
    secured.on('error', this.#onError).on('close', this.#onClose);
  }

  #startup(packet: { major: number; minor: number; parameters: ReadonlyMap<string, string> }): void {
    if (packet.major !== 3) {
      this.#fail('unsupported_protocol');
      return;
    }
    const secured = this.#socket instanceof TLSSocket;
    // Set by Node on a server's socket; its type knows it only on a client's.
    const serverName = (secured && (this.#socket as unknown as { servername?: string }).servername) || undefined;
    const { names } = this.#context;
    const identity = identify(packet.parameters, names, serverName);
    if (identity !== 'unknown-tenant') {
      this.#admit(packet, identity, secured);
      return;
    }
    // It may have been made a moment ago, elsewhere.
    void this.#context.learn().then(() => {
      if (!this.#ended) this.#admit(packet, identify(packet.parameters, names, serverName), secured);
    });
  }

  #admit(
    packet: { minor: number; parameters: ReadonlyMap<string, string> },
    identity: Identity | IdentityProblem,
    secured: boolean,
  ): void {
    if (typeof identity === 'string') {
      this.#fail(identityErrors[identity]);
      return;
    }
    this.#identity = identity;
    const problem = this.#context.judge(identity, secured, this.#socket.remoteAddress ?? '');
    if (problem) {
      this.#fail(problem.name, problem.detail);
      return;
    }
    const extensions = [...packet.parameters.keys()].filter((name) => name.startsWith('_pq_.'));
    if (packet.minor > 0 || extensions.length > 0) this.#socket.write(negotiateProtocol(extensions));
    this.#context.find(identity).then(
      (found) => this.#challengeWith(identity, found),
      () => this.#fail('lookup_failed'),
    );
  }

  #challengeWith(identity: Identity, found: FoundSecret): void {
    if (this.#ended) return;
    if (found.kind === 'unknown' && !this.#context.hidesUnknown(identity)) {
      this.#fail('unknown_tenant');
      return;
    }
    this.#found = found;
    if (found.kind === 'md5') {
      if (!this.#step('ask-md5')) return;
      this.#salt = randomBytes(4);
      this.#socket.write(authenticationMd5(this.#salt));
    } else if (this.#step('ask-sasl')) this.#socket.write(authenticationSasl());
  }

  #readProof(): void {
    const bytes = this.#bytes;
    if (bytes.length < 5) return;
    const length = bytes.readUInt32BE(1);
    if (bytes[0] !== 0x70 || length < 5 || length > longestProof) {
      this.#fail('malformed_authentication');
      return;
    }
    if (bytes.length < length + 1) return;
    const payload = bytes.subarray(5, length + 1);
    this.#bytes = bytes.subarray(length + 1);
    const state = this.#state;
    if (!this.#step('password')) return;
    if (state === 'md5') this.#judgeMd5(payload);
    else if (state === 'sasl-first') this.#beginScram(payload);
    else this.#finishScram(payload);
  }

  #judgeMd5(payload: Buffer): void {
    const found = this.#found;
    if (found?.kind !== 'md5') return;
    const expected = Buffer.from(`${md5Answer(found.digest, this.#salt as Buffer)}\0`);
    if (isSame(payload, expected)) this.#prove({ kind: 'md5', digest: found.digest }, undefined);
    else this.#wrong();
  }

  #beginScram(payload: Buffer): void {
    const nameEnd = payload.indexOf(0);
    const mechanism = nameEnd < 0 ? '' : payload.toString('latin1', 0, nameEnd);
    if (mechanism === 'SCRAM-SHA-256-PLUS') {
      this.#fail('channel_binding');
      return;
    }
    const data = payload.subarray(nameEnd + 5);
    if (
      mechanism !== 'SCRAM-SHA-256' ||
      payload.length < nameEnd + 5 ||
      payload.readInt32BE(nameEnd + 1) !== data.length ||
      this.#bytes.length > 0
    ) {
      this.#fail('malformed_authentication');
      return;
    }
    const challenge = beginScram(this.#verifier(), data.toString());
    if ('refused' in challenge) {
      this.#refuse(challenge.refused);
      return;
    }
    this.#challenge = challenge;
    this.#socket.write(authenticationSaslData('continue', challenge.serverFirst));
  }

  /** Where there is no secret an exchange is held that nobody can win, always with the same salt. */
  #verifier(): ScramVerifier {
    const found = this.#found;
    if (found?.kind === 'scram') return found;
    const mac = createHmac('sha256', this.#context.pretence).update(this.#identity?.role ?? '');
    return {
      kind: 'scram',
      iterations: pretendedIterations,
      salt: mac.digest().subarray(0, 16).toString('base64'),
      storedKey: randomBytes(32),
      serverKey: randomBytes(32),
    };
  }

  #finishScram(payload: Buffer): void {
    const outcome = (this.#challenge as ScramChallenge).finish(payload.toString());
    if (!outcome.ok) {
      this.#refuse(outcome.why);
      return;
    }
    const found = this.#found;
    if (found?.kind !== 'scram') {
      this.#wrong();
      return;
    }
    const credentials: Credentials =
      found.password === undefined
        ? { kind: 'scram', clientKey: outcome.clientKey, serverKey: found.serverKey }
        : { kind: 'password', password: found.password };
    this.#prove(credentials, authenticationSaslData('final', outcome.serverFinal));
  }

  #refuse(why: ScramRefusal): void {
    if (why === 'wrong') this.#wrong();
    else this.#fail(why === 'channel-binding' ? 'channel_binding' : 'malformed_authentication');
  }

  #wrong(): void {
    const identity = this.#identity;
    if (identity) this.#context.doubt(identity);
    this.#fail('wrong_password', ` "${identity?.role ?? ''}"`);
  }

  #prove(credentials: Credentials, answer: Buffer | undefined): void {
    if (!this.#step('opened')) return;
    this.#unlisten();
    this.#socket.removeListener('error', this.#onError);
    // Until somebody else listens.
    const socket = this.#socket;
    socket.on('error', () => socket.destroy());
    const rest = this.#bytes.length === 0 ? this.#bytes : Buffer.from(this.#bytes);
    this.#end('proven');
    this.#context.proven({
      socket,
      identity: this.#identity as Identity,
      credentials,
      secured: socket instanceof TLSSocket,
      rest,
      answer,
    });
  }
}

const identityErrors: Readonly<Record<IdentityProblem, keyof typeof wireErrors>> = {
  'unknown-tenant': 'unknown_tenant',
  'bad-format': 'bad_names',
  'bad-options': 'bad_options',
};
