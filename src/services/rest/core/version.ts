/** The release of PostgREST whose contract is kept; clients and scripts look at it. */
export const postgrestVersion = '14.17';
