import type { Role } from '../sql/role.ts';

/** Who asks. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
  /** The signed-in operator; absent for tools that come with the credentials of the settings (HTTP Basic). */
  readonly session?: { readonly id: string; readonly operatorId: string; readonly secondFactor: boolean };
  readonly address: string;
}
