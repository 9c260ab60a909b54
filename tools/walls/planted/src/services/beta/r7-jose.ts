import { SignJWT } from 'jose';

export const reached = SignJWT;
