/** What an operator may do, least first: look, work, and look after other operators. */
export const roles = ['read-only', 'developer', 'owner'] as const;

/** A role of the dashboard, as it stands with each account. */
export type Role = (typeof roles)[number];
