/** Signed hashed ElGamal: the ballot nonce, encrypted to K̂ for the guardians (§3.3.4). */

import { modQ, type Random, randomScalar, type Table } from "./group.ts";
import { type Bytes, ballotNonceChallenge, ballotNonceEncryptionKey, ballotNonceKey, type HashKey } from "./hashing.ts";
import type { Proof } from "./proofs.ts";

/** (C_0, C_1, C_2): α, the bytes under the key stream, a proof of the encryption nonce. */
export type SignedCiphertext = Readonly<{ c_0: bigint; c_1: Bytes; c_2: Proof }>;

/** C_ξB of (34) to (38), for a ballot nonce of 32 bytes and a fresh encryption nonce ξ̂_B. */
export async function encryptBallotNonce(
  ballotNonce: Bytes,
  H_I: HashKey,
  g: Table,
  K_hat: Table,
  xi: bigint,
  random: Random,
): Promise<SignedCiphertext> {
  const alpha = g.power(xi); // (34)
  const k_1 = await ballotNonceEncryptionKey(await ballotNonceKey(H_I, alpha, K_hat.power(xi))); // (35), (36)
  const C_1 = ballotNonce.map((byte, at) => byte ^ k_1[at]!); // (37)
  const u = randomScalar(random);
  const c = await ballotNonceChallenge(H_I, g.power(u), alpha, C_1); // (38)
  return { c_0: alpha, c_1: C_1, c_2: { c, v: modQ(u - c * xi) } };
}

/** ξ_B, 32 bytes, given β = K̂^ξ̂_B (§3.6.7). */
export async function decryptBallotNonce(ciphertext: SignedCiphertext, H_I: HashKey, beta: bigint): Promise<Bytes> {
  const k_1 = await ballotNonceEncryptionKey(await ballotNonceKey(H_I, ciphertext.c_0, beta));
  return ciphertext.c_1.map((byte, at) => byte ^ k_1[at]!);
}
