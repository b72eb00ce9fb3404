/** Range proofs (§3.3.5 to §3.3.8): that a ciphertext encrypts an integer in 0..limit. */

import { EncryptorError } from "./errors.ts";
import { modQ, type Random, randomScalar, type Table } from "./group.ts";

/** A challenge c and a response v: one branch. */
export type Proof = Readonly<{ c: bigint; v: bigint }>;

/** From the commitments a_0, b_0, …, a_R, b_R to the challenge c. */
export type Challenge = (commitments: readonly bigint[]) => Promise<bigint>;

/**
 * That Enc(value, nonce), which `challenge` hashes, encrypts an integer in 0..limit (§3.3.7): limit + 1 branches.
 *
 *     (57)  a_j = g^u_j
 *     (58)  b_j = K^t_j         where t_j = u_j + (l − j)·c_j, and t_l = u_l
 *     (60)  c_l = c − Σ c_j     over the other branches
 *     (61)  v_j = u_j − c_j·ξ
 *
 * Throws EncryptorError if `value` is not in the range: no proof exists.
 */
export async function proveRange(
  value: number,
  nonce: bigint,
  limit: number,
  g: Table,
  K: Table,
  challenge: Challenge,
  random: Random,
): Promise<Proof[]> {
  if (!Number.isInteger(value) || value < 0 || value > limit) {
    throw new EncryptorError(`no proof exists that this value is between 0 and ${limit}`);
  }
  const u: bigint[] = [];
  const challenges: bigint[] = [];
  const commitments: bigint[] = [];
  for (let j = 0; j <= limit; j++) {
    const u_j = randomScalar(random);
    const c_j = randomScalar(random); // of the true branch it is replaced below
    u.push(u_j);
    challenges.push(c_j);
    const t_j = j === value ? u_j : modQ(u_j + BigInt(value - j) * c_j);
    commitments.push(g.power(u_j), K.power(t_j)); // (57), (58)
  }
  const c = await challenge(commitments); // (59)
  const others = challenges.reduce((sum, c_j, j) => (j === value ? sum : sum + c_j), 0n);
  challenges[value] = modQ(c - others); // (60)
  return challenges.map((c_j, j) => ({ c: c_j, v: modQ(u[j]! - c_j * nonce) })); // (61)
}
