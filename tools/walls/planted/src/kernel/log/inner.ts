export const inner = 'reached only from inside kernel/log';
