/**
 * The address whose key has signed a text by `personal_sign` (EIP-191), lower case; undefined when the signature is none.
 *
 * @param signature 65 bytes in hexadecimal, `0x` before them: r, s and the recovery byte (0, 1, 27 or 28)
 */
export async function recoverAddress(text: string, signature: string): Promise<string | undefined> {
  if (!/^0x[0-9a-fA-F]{130}$/.test(signature)) return undefined;
  const bytes = Buffer.from(signature.slice(2), 'hex');
  const last = bytes[64] as number;
  const recovery = last >= 27 ? last - 27 : last;
  if (recovery !== 0 && recovery !== 1) return undefined;
  const [{ secp256k1 }, { keccak_256 }] = await Promise.all([
    import('@noble/curves/secp256k1.js'),
    import('@noble/hashes/sha3.js'),
  ]);
  const body = Buffer.from(text, 'utf8');
  const digest = keccak_256(Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${body.length}`), body]));
  try {
    const recovered = Uint8Array.from([recovery, ...bytes.subarray(0, 64)]);
    const compressed = secp256k1.recoverPublicKey(recovered, digest, { prehash: false });
    const point = secp256k1.Point.fromBytes(compressed).toBytes(false);
    return `0x${Buffer.from(keccak_256(point.subarray(1)).subarray(12)).toString('hex')}`;
  } catch {
    // Numbers that are no point of the curve.
    return undefined;
  }
}
