import { verifyRegistrationResponse } from '@simplewebauthn/server';

export const reached = verifyRegistrationResponse;
