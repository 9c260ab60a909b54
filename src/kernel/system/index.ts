export { canReach, permits } from './reach.ts';
export { currentUser, findUser, parsePasswd, type SystemUser } from './system-user.ts';
