/**
 * A checked vote, on a second device: what a ballot really encrypts, recomputed from its opening (§3.6.7, Verification 13).
 *
 * Nothing here believes the device that encrypted: every ciphertext, the contest hashes and the confirmation code are made again.
 */

import { type Choices, checkSelections } from "./ballot.ts";
import { encrypt } from "./elgamal.ts";
import { ballotMembers, bytes, element, integer, list, members, openingMembers, scalar } from "./encoding.ts";
import { EncryptorError } from "./errors.ts";
import { hexOf } from "./group.ts";
import { confirmationCode, contestHash, encryptionNonce, HashKey, identifierHash, type Pair } from "./hashing.ts";
import { contestsOf } from "./manifest.ts";
import type { Election } from "./parameters.ts";
import { decryptBallotNonce } from "./signed_elgamal.ts";
import { choicesOf, type Slip } from "./slip.ts";

/**
 * What a slip stands for: every ciphertext made from its numbers, and the confirmation code that a ballot of these ciphertexts has (§3.4).
 *
 * If that is the code which the first device showed before it knew that it would be checked, then this is what it had encrypted.
 * Throws EncryptorError.
 */
export async function recompute(slip: Slip, election: Election): Promise<Opened> {
  const contests = contestsOf(election.manifest, slip.style);
  const choices = choicesOf(
    slip,
    contests.map(({ options }) => options.length),
  );
  checkSelections(choices, contests);
  const H_I = new HashKey(await identifierHash(election.H_E, slip.id_B));
  const hashes = [];
  for (const [position, contest] of contests.entries()) {
    const pairs: Pair[] = [];
    for (const [at, option] of contest.options.entries()) {
      const nonce = await encryptionNonce(H_I, contest.index, option.index, slip.ballotNonce); // (33)
      pairs.push(encrypt(choices[position]![at]!, nonce, election.g, election.K)); // (31)
    }
    hashes.push(await contestHash(H_I, contest.index, pairs)); // (70)
  }
  return { style: slip.style, confirmationCode: hexOf(await confirmationCode(H_I, hashes, election.chainingField)), choices }; // (71)
}

/** What was encrypted: the ballot's style and confirmation code, and for each contest of the style a number for each option. */
export type Opened = Readonly<{ style: number; confirmationCode: string; choices: Choices }>;

/**
 * What the ballot in `ballotText` encrypts, given the opening that its device shows. Both are canonical JSON.
 *
 * Throws EncryptorError if the opening is not of this ballot, or the ballot encrypts anything else than it says.
 */
export async function openBallot(ballotText: string, opening: string, election: Election): Promise<Opened> {
  const ballot = ballotMembers(ballotText);
  const { choices, ballotNonce, xi } = readOpening(opening);
  const style = integer(ballot["ballot_style_ix"], "ballot_style_ix", 1);
  const contests = contestsOf(election.manifest, style);
  const H_I = new HashKey(await identifierHash(election.H_E, bytes(ballot["id_b"], "id_b", 32)));
  if (ballot["h_i"] !== hexOf(H_I.bytes)) throw new EncryptorError("the identifier hash is not the hash of the identifier (5.B)");
  const written = members(ballot["contests"], "contests", ...contests.map(({ index }) => String(index)));
  if (choices.length !== contests.length) throw new EncryptorError("the opening is of another ballot style");
  const hashes = [];
  for (const [position, contest] of contests.entries()) {
    const entry = members(
      written[contest.index],
      `contest ${contest.index}`,
      "ciphertexts",
      "proof_ballot_correctness",
      "proof_selection_limit",
      "proof_spoil?",
      "contest_hash",
    );
    const shown: Pair[] = list(entry["ciphertexts"], "ciphertexts").map((each) => {
      const pair = members(each, "ciphertext", "alpha", "beta");
      return [element(pair["alpha"], "alpha"), element(pair["beta"], "beta")];
    });
    const chosen = choices[position]!;
    if (shown.length !== contest.options.length || chosen.length !== shown.length) {
      throw new EncryptorError(`contest ${contest.index}: the options are not the manifest's`);
    }
    for (const [at, option] of contest.options.entries()) {
      const nonce = await encryptionNonce(H_I, contest.index, option.index, ballotNonce); // (33)
      const [alpha, beta] = encrypt(chosen[at]!, nonce, election.g, election.K); // (31)
      if (alpha !== shown[at]![0] || beta !== shown[at]![1]) {
        throw new EncryptorError(`contest ${contest.index}, option ${option.index}: the ballot encrypts something else (13.1, 13.2)`);
      }
    }
    const hash = await contestHash(H_I, contest.index, shown);
    if (entry["contest_hash"] !== hexOf(hash)) throw new EncryptorError(`contest ${contest.index}: the contest hash does not fit (8.A)`);
    hashes.push(hash);
  }
  const code = hexOf(await confirmationCode(H_I, hashes, election.chainingField));
  if (ballot["confirmation_code"] !== code || ballot["ballot_id"] !== code) {
    throw new EncryptorError("the confirmation code does not fit (8.B)");
  }
  if (ballot["chaining_field"] !== hexOf(election.chainingField)) throw new EncryptorError("the chaining field is another one (8.D)");
  await checkNonce(ballot["ballot_nonce_ciphertext"], H_I, ballotNonce, xi, election);
  return { style, confirmationCode: code, choices };
}

function readOpening(opening: string) {
  const raw = openingMembers(opening);
  const choices = list(raw["choices"], "choices").map((contest) => list(contest, "choices").map((each) => integer(each, "choice")));
  return { choices, ballotNonce: bytes(raw["ballot_nonce"], "ballot_nonce", 32), xi: scalar(raw["encryption_nonce"], "encryption_nonce") };
}

/** That the guardians, too, would find this ballot nonce: C_0 = g^ξ̂_B, and C_1 decrypts to ξ_B. */
async function checkNonce(value: unknown, H_I: HashKey, ballotNonce: Uint8Array, xi: bigint, election: Election): Promise<void> {
  const raw = members(value, "ballot_nonce_ciphertext", "c_0", "c_1", "c_2");
  const proof = members(raw["c_2"], "c_2", "c", "v");
  const c_2 = { c: scalar(proof["c"], "c"), v: scalar(proof["v"], "v") };
  const ciphertext = { c_0: element(raw["c_0"], "c_0"), c_1: bytes(raw["c_1"], "c_1", 32), c_2 };
  const decrypted = await decryptBallotNonce(ciphertext, H_I, election.K_hat.power(xi));
  if (ciphertext.c_0 !== election.g.power(xi) || hexOf(decrypted) !== hexOf(ballotNonce)) {
    throw new EncryptorError("the encrypted ballot nonce is not that of the opening");
  }
}
