/**
 * The hash function H and its uses in a voter's browser, one function for each row of the tables of §5.5 that it needs.
 *
 * The first argument of H is a key of 32 bytes: H_P, H_B, H_E or H_I. The second is one domain byte and inputs of fixed lengths.
 */

import { ELEMENT_LENGTH, fromBytes, G, P, Q, SCALAR_LENGTH, toBytes } from "./group.ts";

export type Bytes = Uint8Array<ArrayBuffer>;
export type Pair = readonly [alpha: bigint, beta: bigint];

/** ver of (4): the version in UTF-8, filled up with zero bytes to 32 bytes. */
const VERSION = new Uint8Array(32);
VERSION.set(new TextEncoder().encode("v2.1.0"));

/** A key of H, ready for use: 32 bytes. */
export class HashKey {
  readonly bytes: Bytes;
  readonly #key: Promise<CryptoKey>;

  constructor(bytes: Bytes) {
    if (bytes.length !== 32) throw new RangeError(`the first argument of H has 32 bytes, not ${bytes.length}`);
    this.bytes = bytes;
    this.#key = crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  }

  /** HMAC-SHA-256(key, concatenation of inputs) (130): 32 bytes. */
  async H(...inputs: readonly (Bytes | number | bigint)[]): Promise<Bytes> {
    return new Uint8Array(await crypto.subtle.sign("HMAC", await this.#key, join(inputs)));
  }

  /** H reduced mod q (132). */
  async H_q(...inputs: readonly (Bytes | number | bigint)[]): Promise<bigint> {
    return fromBytes(await this.H(...inputs)) % Q;
  }
}

/** Bytes one after the other; a number stands for one domain byte, a bigint for an element in 512 bytes. */
function join(inputs: readonly (Bytes | number | bigint)[]): Bytes {
  const parts = inputs.map((each) => {
    if (typeof each === "number") return Uint8Array.of(each);
    return typeof each === "bigint" ? toBytes(each, ELEMENT_LENGTH) : each;
  });
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** b(value, 4) (123). */
export function b(value: number): Bytes {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31) throw new RangeError("an index or length is not in its range");
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** ASCII text as it enters a hash. */
const ascii = (text: string): Bytes => new TextEncoder().encode(text);

// 5.5.1 Parameter base and base hashes

/** H_P (4). */
export function parameterBaseHash(guardianCount: number, quorum: number): Promise<Bytes> {
  return new HashKey(VERSION).H(0x00, P, toBytes(Q, SCALAR_LENGTH), G, b(guardianCount), b(quorum));
}

/** H_B (5), over the bytes of the manifest file. */
export function electionBaseHash(H_P: Bytes, manifest: Bytes): Promise<Bytes> {
  return new HashKey(H_P).H(0x01, b(manifest.length), manifest);
}

// 5.5.2 Extended base hash

/** H_E (30). */
export function extendedBaseHash(H_B: Bytes, K: bigint, K_hat: bigint): Promise<Bytes> {
  return new HashKey(H_B).H(0x14, K, K_hat);
}

// 5.5.3 Ballot encryption and confirmation codes

/** H_I (32); id_B has 32 bytes and is never reduced. */
export function identifierHash(H_E: HashKey, id_B: Bytes): Promise<Bytes> {
  return H_E.H(0x20, id_B);
}

/** ξ_i,j (33). */
export function encryptionNonce(H_I: HashKey, contest: number, option: number, ballotNonce: Bytes): Promise<bigint> {
  return H_I.H_q(0x21, b(contest), b(option), ballotNonce);
}

/** h (35). */
export function ballotNonceKey(H_I: HashKey, alpha: bigint, beta: bigint): Promise<Bytes> {
  return H_I.H(0x22, alpha, beta);
}

/** k_1 (36). */
export function ballotNonceEncryptionKey(h: Bytes): Promise<Bytes> {
  return new HashKey(h).H(0x01, ascii("ballot_nonce"), 0x00, ascii("ballot_nonce_encrypt"), 0x01, 0x00);
}

/** c_B (38). */
export function ballotNonceChallenge(H_I: HashKey, a: bigint, C_0: bigint, C_1: Bytes): Promise<bigint> {
  return H_I.H_q(0x23, a, C_0, C_1);
}

/** c of an option's range proof (41), (50), (59); commitments a_0, b_0, …, a_R, b_R. */
export function rangeChallenge(
  H_I: HashKey,
  contest: number,
  option: number,
  [alpha, beta]: Pair,
  commitments: readonly bigint[],
): Promise<bigint> {
  return H_I.H_q(0x24, b(contest), b(option), alpha, beta, ...commitments);
}

/** c of a contest's selection limit proof (62): no option index; commitments a_0, b_0, …, a_L, b_L. */
export function limitChallenge(H_I: HashKey, contest: number, [alpha, beta]: Pair, commitments: readonly bigint[]): Promise<bigint> {
  return H_I.H_q(0x24, b(contest), alpha, beta, ...commitments);
}

/** χ (70), without contest data. */
export function contestHash(H_I: HashKey, contest: number, ciphertexts: readonly Pair[]): Promise<Bytes> {
  return H_I.H(0x28, b(contest), ...ciphertexts.flat());
}

/** H_C (71); contest hashes by contest index, B_C of 36 bytes. */
export function confirmationCode(H_I: HashKey, contestHashes: readonly Bytes[], B_C: Bytes): Promise<Bytes> {
  return H_I.H(0x29, ...contestHashes, B_C);
}

/** H_DI (72). */
export function deviceHash(H_E: HashKey, device: string): Promise<Bytes> {
  const text = new TextEncoder().encode(device);
  return H_E.H(0x2a, b(text.length), text);
}

// Our own use, with a domain byte that the specification leaves free (record-format.md, 2.7)

/** c of the spoil proof; `option` is the spoil option. */
export function spoilChallenge(
  H_I: HashKey,
  contest: number,
  option: number,
  [alpha, beta]: Pair,
  commitments: readonly bigint[],
): Promise<bigint> {
  return H_I.H_q(0x50, b(contest), b(option), alpha, beta, ...commitments);
}
