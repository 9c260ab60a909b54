import type { Egress } from '#kernel/egress';
import type { Clock, Health, Mount } from '#kernel/lifecycle';
import type { ConnectionOptions } from '#kernel/sql';

/** What the dashboard tells of the project, for connecting to it. Nothing of it is secret. */
export interface ProjectInfo {
  /** Base URL that clients use. */
  readonly url: string;
  readonly anonKey: string | undefined;
  readonly publishableKey: string | undefined;
  readonly database: {
    readonly host: string;
    readonly name: string;
    readonly sessionPort: number;
    readonly transactionPort: number | undefined;
  };
}

/** Secrets an operator may have shown; each showing is noted in the audit log. */
export const secretNames = ['service_role_key', 'secret_key', 'database_password', 'jwt_secret'] as const;

/** One of them. */
export type SecretName = (typeof secretNames)[number];

/** Hashing of passwords and one-time codes, as auth does it. */
export interface Credentials {
  /** @throws ServiceError when too many wait */
  hashPassword(password: string): Promise<string>;
  /** Takes as long without a hash to compare to. @throws ServiceError when too many wait */
  verifyPassword(password: string, hash: string | null): Promise<boolean>;
  newTotpSecret(): string;
  totpUri(secret: string, issuer: string, account: string): string;
  /** The step of a code that was not used before, or undefined. @param after step used last */
  matchTotp(secret: string, code: string, after: number, now: number): number | undefined;
  readonly passkeys: PasskeyCeremonies;
}

/** The origin passkeys are made for and used on (WebAuthn §4, "Relying Party"). */
export interface RelyingParty {
  /** A domain. */
  readonly id: string;
  readonly name: string;
  readonly origins: readonly string[];
}

/** What a passkey is recognised by. */
export interface PasskeyIdentity {
  /** base64url. */
  readonly id: string;
  /** COSE key. */
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly transports: readonly string[];
}

/** Options for the browser, and the challenge to be kept until its answer. */
export interface PasskeyCeremony {
  readonly options: Readonly<Record<string, unknown>>;
  readonly challenge: string;
}

/** Making and using passkeys (WebAuthn §7), as auth does it for users. */
export interface PasskeyCeremonies {
  /** @param timeout milliseconds */
  create(
    party: RelyingParty,
    holder: { readonly id: string; readonly name: string },
    known: readonly PasskeyIdentity[],
    timeout: number,
  ): Promise<PasskeyCeremony>;
  /** @returns undefined when the answer does not fit */
  created(
    party: RelyingParty,
    challenge: string,
    answer: Readonly<Record<string, unknown>>,
  ): Promise<(PasskeyIdentity & { readonly name: string; readonly userVerified: boolean }) | undefined>;
  /** @param timeout milliseconds */
  ask(party: RelyingParty, timeout: number): Promise<PasskeyCeremony>;
  /** @returns undefined when the answer does not fit */
  proven(
    party: RelyingParty,
    challenge: string,
    answer: Readonly<Record<string, unknown>>,
    key: PasskeyIdentity,
  ): Promise<{ readonly counter: number; readonly userVerified: boolean; readonly isSuspect: boolean } | undefined>;
}

/** The way out to the assistant's service. */
export type AssistantEgress = Pick<Egress, 'request'>;

/** What the studio room needs of others. */
export interface StudioPorts {
  readonly health: () => Promise<Readonly<Record<string, Health & { readonly required: boolean }>>>;
  /** The database of the stack, as a role that may do everything: operators, sessions and the audit log are there. */
  readonly database: () => ConnectionOptions;
  /** Credentials of the first operator, an owner. Without a password that account is closed. */
  readonly owner: { readonly username: string; readonly password: string | undefined };
  /** Undefined where auth does not run in this process. */
  readonly credentials: () => Credentials | undefined;
  /** The handler of another room, wherever it runs. */
  readonly mount: (name: string) => Mount | undefined;
  /** What rooms take for the server's own token. */
  readonly serviceKey: () => string | undefined;
  /** A token of a user for a minute, to ask as them; undefined where there is none, or auth does not run in this process. */
  readonly userToken: (id: string) => Promise<string | undefined>;
  /** What analytics takes for queries and for following the logs. */
  readonly logsKey: () => string | undefined;
  /** Value of `x-connection-encrypted`: how meta connects for an operator. Undefined where meta does not run here. */
  readonly sealedConnection: (access: 'write' | 'read') => string | undefined;
  readonly project: () => ProjectInfo;
  readonly secret: (name: SecretName) => string | undefined;
  /** Schemas that the REST API shows. */
  readonly apiSchemas: () => readonly string[];
  readonly settingsDesk: SettingsDesk;
  /** Undefined where auth does not run in this process. */
  readonly mailDesk: () => MailDesk | undefined;
  /** Encrypts what is kept of passwords and second factors; with another one they have to be set anew. */
  readonly sealingSecret: string | undefined;
  /** Where snippets are kept unless the settings say. */
  readonly defaultSnippetsFolder: string;
  readonly egress: AssistantEgress;
  /** Folder of the built dashboard; default: that of this clone. */
  readonly assets?: string;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** A setting of a room, as it stands in files and environment. */
export interface RoomSetting {
  readonly room: string;
  readonly name: string;
  /** What its text looks like: `true or false`, `list`, `duration`, `a | b` … */
  readonly type: string;
  readonly help: string;
  /** True: the value never leaves, it can only be set. */
  readonly secret: boolean;
  readonly isSet: boolean;
  /** The value; absent for secrets. */
  readonly text?: string;
  /** The value when nobody sets one. */
  readonly standard: string;
  /** Where the value comes from, e.g. `environment SITE_URL`. */
  readonly origin: string;
  /** True: the dashboard set it. */
  readonly changedHere: boolean;
  /**
   * When a change counts: at once, by a room that takes the place of the present one (`room`), from the next start on
   * (`restart`), or likewise and it cannot be made here (`file`).
   */
  readonly counts: 'room' | 'restart' | 'file';
  /** True: another value is in force until the next start. */
  readonly waits: boolean;
}

/** Settings of one topic, by name. */
export interface SettingGroup {
  readonly key: string;
  readonly title: string;
  readonly about: string;
  readonly sections: readonly { readonly title: string; readonly names: readonly string[] }[];
}

/** Why a setting cannot be what somebody wants. */
export interface SettingProblem {
  readonly name: string;
  readonly message: string;
}

/** Where settings of every room are changed. */
export interface SettingsDesk {
  /** Those of auth that have a page of their own; empty where it does not run. */
  readonly authGroups: readonly SettingGroup[];
  read(): readonly RoomSetting[];
  /**
   * Puts other values in the place of those the dashboard set before; what can count at once does when this is fulfilled. One
   * change at a time: `decide` is given what there is then.
   *
   * @returns what was set before and is now, by name
   * @throws what `decide` throws; Error saying why values cannot be used (with `problems`, where it is known which), and nothing
   *   has changed
   */
  update(
    decide: (present: ReadonlyMap<string, string>) => ReadonlyMap<string, string>,
  ): Promise<{ readonly before: ReadonlyMap<string, string>; readonly after: ReadonlyMap<string, string> }>;
}

/** A mail before its variables are filled in. */
export interface MailDraft {
  readonly kind: string;
  readonly subject: string;
  readonly body: string;
}

/** What those who write mail templates work with. */
export interface MailDesk {
  readonly standard: readonly (MailDraft & { readonly variables: readonly string[] })[];
  /** @throws ServiceError saying what is wrong with the draft */
  preview(draft: MailDraft): { readonly subject: string; readonly html: string };
  /** @throws ServiceError saying what is wrong with the draft, Error of the mail server */
  send(draft: MailDraft, to: string): Promise<void>;
}
