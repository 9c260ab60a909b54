import { keccak_256 } from '@noble/hashes/sha3.js';

export const reached = keccak_256;
