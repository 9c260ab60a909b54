/** What the statements of a step depend on. Names are quoted already and ready to be written into SQL. */
export interface StepContext {
  /** Owner of everything internal: `supabase_admin`, or the connected role where no superuser is to be had. */
  readonly admin: string;
  /** The database that is being set up. */
  readonly database: string;
  /** The connected role is a superuser. */
  readonly superuser: boolean;
  /** `server_version_num`, e.g. 180004. */
  readonly serverVersion: number;
}

/** One step of setting a database up: run once, in a transaction of its own together with its history entry. */
export interface Step {
  /** Key in the history; never reused for something else. */
  readonly version: string;
  /** SQL condition over the catalogues: when it holds before the first step runs, what is there is left as it is. */
  readonly unless?: string;
  /** The statements. */
  readonly sql: (context: StepContext) => string;
  /** Run under the connected role instead of the admin: needed until the admin role exists. */
  readonly asConnected?: boolean;
  /**
   * The step can only succeed where this extension is available; it is tried again when the server changes. With
   * `ofProject` the role `postgres` creates it where the server trusts that role with it.
   */
  readonly extension?: { readonly name: string; readonly ofProject: boolean };
}

/** Condition: a role of this name exists. */
export const roleExists = (name: string): string => `to_regrole('${name}') is not null`;

/** Condition: a schema of this name exists. */
export const schemaExists = (name: string): string => `to_regnamespace('${name}') is not null`;
