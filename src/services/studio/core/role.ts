import { type Role, roles } from '../sql/role.ts';

/** Whether a role may do what needs another. */
export const reaches = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed);
