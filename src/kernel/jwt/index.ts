export { loadForeignKeys } from './foreign-keys.ts';
export { type KeySet, type KeySetSource, loadKeySet } from './key-set.ts';
export { createSigner, type Signer, signHs256 } from './signer.ts';
export { type Claims, JwtError, type JwtFailure, type VerifiedToken } from './types.ts';
export { createVerifier, type Verifier, type VerifierOptions } from './verifier.ts';
