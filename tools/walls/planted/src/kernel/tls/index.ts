export const tls = 'tls';
