/**
 * Ballots: encrypt choices with every proof (§3.3), and write them in their canonical form (record-format.md, 2.7).
 *
 * Secrets pass through here, in a worker: choices and nonces. Nothing of either leaves but encrypted, or when a voter opens a ballot to check.
 */

import { encrypt, multiply, spoilCiphertext } from "./elgamal.ts";
import { EncryptorError } from "./errors.ts";
import { ELEMENT_LENGTH, hex, hexOf, modQ, type Random, randomScalar, SCALAR_LENGTH } from "./group.ts";
import {
  type Bytes,
  confirmationCode,
  contestHash,
  encryptionNonce,
  HashKey,
  identifierHash,
  limitChallenge,
  type Pair,
  rangeChallenge,
  spoilChallenge,
} from "./hashing.ts";
import { type Contest, contestsOf } from "./manifest.ts";
import type { Election } from "./parameters.ts";
import { type Proof, proveRange } from "./proofs.ts";
import { encryptBallotNonce } from "./signed_elgamal.ts";

/** For each contest of the ballot style, ascending, one number for each option in the manifest's order. */
export type Choices = readonly (readonly number[])[];

/** A ballot in its canonical form, ready to be sent, and its confirmation code H_C in 64 hexadecimal digits. */
export type EncryptedBallot = Readonly<{ text: string; confirmationCode: string }>;

/** What is kept until cast or challenged: choices, ξ_B and the nonce that encrypts it. A secret until challenged. */
export type Opening = Readonly<{ choices: Choices; ballotNonce: Bytes; encryptionNonce: bigint }>;

/**
 * A complete ballot for `choices` under a fresh identifier id_B, with all nonces derived from a fresh ballot nonce ξ_B (33).
 *
 * Throws EncryptorError if the manifest does not allow the choices: nothing invalid is ever encrypted.
 */
export async function encryptBallot(
  election: Election,
  style: number,
  choices: Choices,
  random: Random,
): Promise<{ ballot: EncryptedBallot; opening: Opening }> {
  const contests = contestsOf(election.manifest, style);
  checkSelections(choices, contests);
  const ballotNonce = new Uint8Array(32);
  const id_B = new Uint8Array(32);
  random(ballotNonce);
  random(id_B);
  const H_I = new HashKey(await identifierHash(election.H_E, id_B));
  const made: [number, EncryptedContest][] = [];
  for (const [position, contest] of contests.entries()) {
    made.push([contest.index, await encryptContest(contest, choices[position]!, ballotNonce, H_I, election, random)]);
  }
  const code = hexOf(
    await confirmationCode(
      H_I,
      made.map(([, contest]) => contest.hash),
      election.chainingField,
    ),
  );
  const xi = randomScalar(random);
  const nonce = await encryptBallotNonce(ballotNonce, H_I, election.g, election.K_hat, xi, random);
  const text = JSON.stringify({
    ballot_id: code,
    ballot_style_ix: style,
    device_ix: 1,
    id_b: hexOf(id_B),
    h_i: hexOf(H_I.bytes),
    contests: Object.fromEntries(made.map(([index, contest]) => [index, plainContest(contest)])),
    ballot_nonce_ciphertext: { c_0: hex(nonce.c_0, ELEMENT_LENGTH), c_1: hexOf(nonce.c_1), c_2: plainProof(nonce.c_2) },
    chaining_field: hexOf(election.chainingField),
    confirmation_code: code,
  });
  return { ballot: { text, confirmationCode: code }, opening: { choices, ballotNonce, encryptionNonce: xi } };
}

/** An opening in its canonical form, as it is sent with a challenged ballot. */
export function openingText(opening: Opening): string {
  return JSON.stringify({
    choices: opening.choices,
    ballot_nonce: hexOf(opening.ballotNonce),
    encryption_nonce: hex(opening.encryptionNonce, SCALAR_LENGTH),
  });
}

/** That the manifest allows these choices. Throws EncryptorError. */
export function checkSelections(choices: Choices, contests: readonly Contest[]): void {
  if (choices.length !== contests.length) throw new EncryptorError(`expected choices for ${contests.length} contests`);
  for (const [position, contest] of contests.entries()) {
    const chosen = choices[position]!;
    const where = `contest ${contest.index}`;
    if (chosen.length !== contest.options.length) throw new EncryptorError(`${where}: expected ${contest.options.length} choices`);
    const sum = chosen.reduce((total, choice) => total + choice, 0);
    const fits = chosen.every((choice, at) => Number.isInteger(choice) && choice >= 0 && choice <= contest.options[at]!.selectionLimit);
    if (!fits || sum > contest.selectionLimit) throw new EncryptorError(`${where}: more is chosen than may be`);
    if (contest.options.at(-1)!.spoil && chosen.at(-1) && sum > 1) throw new EncryptorError(`${where}: the spoil option stands alone`);
  }
}

type EncryptedContest = Readonly<{
  ciphertexts: readonly Pair[];
  rangeProofs: readonly (readonly Proof[])[];
  limitProof: readonly Proof[];
  spoilProof: readonly Proof[] | null;
  hash: Bytes;
}>;

async function encryptContest(
  contest: Contest,
  choices: readonly number[],
  ballotNonce: Bytes,
  H_I: HashKey,
  { g, K }: Election,
  random: Random,
): Promise<EncryptedContest> {
  const { index, options, selectionLimit: L } = contest;
  const nonces: bigint[] = [];
  for (const option of options) nonces.push(await encryptionNonce(H_I, index, option.index, ballotNonce)); // (33)
  const ciphertexts = choices.map((choice, at) => encrypt(choice, nonces[at]!, g, K)); // (31)
  const rangeProofs: Proof[][] = [];
  for (const [at, option] of options.entries()) {
    const challenge = (commitments: readonly bigint[]) => rangeChallenge(H_I, index, option.index, ciphertexts[at]!, commitments);
    rangeProofs.push(await proveRange(choices[at]!, nonces[at]!, option.selectionLimit, g, K, challenge, random));
  }
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const sumQ = (values: readonly bigint[]): bigint => modQ(values.reduce((total, value) => total + value, 0n));
  const total = multiply(ciphertexts);
  const ofLimit = (commitments: readonly bigint[]) => limitChallenge(H_I, index, total, commitments); // (62)
  const limitProof = await proveRange(sum(choices), sumQ(nonces), L, g, K, ofLimit, random);
  let spoilProof: Proof[] | null = null;
  if (contest.needsSpoilProof) {
    const weighted = spoilCiphertext(ciphertexts, L);
    const value = sum(choices.slice(0, -1)) + L * choices.at(-1)!;
    const nonce = modQ(sumQ(nonces.slice(0, -1)) + BigInt(L) * nonces.at(-1)!);
    const ofSpoil = (commitments: readonly bigint[]) => spoilChallenge(H_I, index, options.length, weighted, commitments);
    spoilProof = await proveRange(value, nonce, L, g, K, ofSpoil, random);
  }
  return { ciphertexts, rangeProofs, limitProof, spoilProof, hash: await contestHash(H_I, index, ciphertexts) };
}

function plainContest(contest: EncryptedContest): object {
  return {
    ciphertexts: contest.ciphertexts.map(([alpha, beta]) => ({ alpha: hex(alpha, ELEMENT_LENGTH), beta: hex(beta, ELEMENT_LENGTH) })),
    proof_ballot_correctness: contest.rangeProofs.map((proof) => proof.map(plainProof)),
    proof_selection_limit: contest.limitProof.map(plainProof),
    ...(contest.spoilProof ? { proof_spoil: contest.spoilProof.map(plainProof) } : {}),
    contest_hash: hexOf(contest.hash),
  };
}

function plainProof({ c, v }: Proof): object {
  return { c: hex(c, SCALAR_LENGTH), v: hex(v, SCALAR_LENGTH) };
}
