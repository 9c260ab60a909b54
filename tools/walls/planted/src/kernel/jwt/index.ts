export const jwt = 'jwt';
