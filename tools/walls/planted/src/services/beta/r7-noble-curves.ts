import { secp256k1 } from '@noble/curves/secp256k1.js';

export const reached = secp256k1;
