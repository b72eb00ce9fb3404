/** Exponential ElGamal encryption of small integers under K (§3.3.1). */

import { EncryptorError } from "./errors.ts";
import { modQ, P, power, product, type Table } from "./group.ts";
import type { Pair } from "./hashing.ts";

/** (α, β) = Enc(σ, ξ) (31), with tables of g and K. Throws EncryptorError for ξ = 0, which would show σ. */
export function encrypt(value: number, nonce: bigint, g: Table, K: Table): Pair {
  if (nonce === 0n) throw new EncryptorError("the encryption nonce is 0");
  return [g.power(nonce), K.power(modQ(BigInt(value) + nonce))];
}

/** The product of ciphertexts, component by component (79). */
export function multiply(ciphertexts: readonly Pair[]): Pair {
  return [product(ciphertexts.map(([alpha]) => alpha)), product(ciphertexts.map(([, beta]) => beta))];
}

/** (α*, β*): encrypts (sum of the other options) + L·(spoil) (record-format.md, 2.7). The spoil option is the last. */
export function spoilCiphertext(ciphertexts: readonly Pair[], limit: number): Pair {
  const [alpha, beta] = multiply(ciphertexts.slice(0, -1));
  const [spoilAlpha, spoilBeta] = ciphertexts.at(-1)!;
  const L = BigInt(limit);
  return [(alpha * power(spoilAlpha, L)) % P, (beta * power(spoilBeta, L)) % P];
}
