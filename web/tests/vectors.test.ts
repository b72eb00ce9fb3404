/** Known answers of other implementations, the same files that engine and verifier read. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { encrypt } from "../src/elgamal.ts";
import { bytesOf, ELEMENT_LENGTH, G, hex, hexOf, modQ, P, power, Q, Table } from "../src/group.ts";
import * as hashing from "../src/hashing.ts";
import { HashKey } from "../src/hashing.ts";
import { proveRange } from "../src/proofs.ts";
import { decryptBallotNonce, encryptBallotNonce } from "../src/signed_elgamal.ts";

const vectors = (name: string) => JSON.parse(readFileSync(new URL(`../../tests/vectors/${name}.json`, import.meta.url), "utf-8"));
const number = (digits: string): bigint => BigInt(`0x${digits}`);
const key = (digits: string): HashKey => new HashKey(bytesOf(digits));
const g = new Table(G);

test("the parameters are the standard ones", () => {
  const known = vectors("01_parameters_and_base_hashes");
  assert.equal(hex(P, ELEMENT_LENGTH), known.p);
  assert.equal(hex(Q, 32), known.q);
  assert.equal(hex(G, ELEMENT_LENGTH), known.g);
  assert.equal(power(2n, (P - 1n) / Q), G);
  assert.equal(power(G, Q), 1n);
});

test("base hashes", async () => {
  const known = vectors("01_parameters_and_base_hashes");
  const parameterBaseHashes = new Map<string, hashing.Bytes>();
  for (const { n, k, value } of known.H_P) {
    const H_P = await hashing.parameterBaseHash(n, k);
    parameterBaseHashes.set(`${n} ${k}`, H_P);
    assert.equal(hexOf(H_P), value);
  }
  for (const { n, k, manifest_hex, value } of known.H_B) {
    const H_P = parameterBaseHashes.get(`${n} ${k}`) ?? (await hashing.parameterBaseHash(n, k));
    assert.equal(hexOf(await hashing.electionBaseHash(H_P, bytesOf(manifest_hex))), value);
  }
  for (const { H_B, K_hex, K_hat_hex, value } of known.H_E) {
    assert.equal(hexOf(await hashing.extendedBaseHash(bytesOf(H_B), number(K_hex), number(K_hat_hex))), value);
  }
  for (const { H_E, id_B, value } of known.H_I) assert.equal(hexOf(await hashing.identifierHash(key(H_E), bytesOf(id_B))), value);
});

test("ballots from the ballot nonce to the confirmation code", async () => {
  const known = vectors("03_ballot_with_nonces");
  const K = new Table(power(G, 5n));
  for (const name of ["ballot_A", "ballot_B_contest_indices_2_and_5"]) {
    const ballot = known[name];
    const H_I = key(ballot.H_I);
    assert.equal(hexOf(await hashing.identifierHash(key(known.H_E), bytesOf(ballot.id_B))), ballot.H_I);
    const hashes = [];
    for (const contest of ballot.contests) {
      const pairs: hashing.Pair[] = [];
      for (const { ind_o, sigma, xi, alpha, beta } of contest.selections) {
        const nonce = await hashing.encryptionNonce(H_I, contest.ind_c, ind_o, bytesOf(ballot.xi_B));
        assert.equal(hex(nonce, 32), xi);
        pairs.push(encrypt(sigma, nonce, g, K));
        assert.deepEqual(pairs.at(-1), [number(alpha), number(beta)]);
      }
      const hash = hexOf(await hashing.contestHash(H_I, contest.ind_c, pairs));
      const bare = contest.chi_without_contest_data ?? (contest.contest_data ? null : contest.chi);
      if (bare) assert.equal(hash, bare);
      hashes.push(bytesOf(contest.chi)); // contest data may be in it, which no browser makes
    }
    assert.equal(hexOf(await hashing.confirmationCode(H_I, hashes, bytesOf(ballot.B_C))), ballot.H_C);
  }
  assert.equal(hexOf(await hashing.deviceHash(key(known.H_E), known.ballot_A.device)), known.ballot_A.H_DI);
  assert.equal(hexOf(await hashing.deviceHash(key(known.H_E), "")), known.empty_device_string.H_DI);
});

test("the encryption of ballot nonces", async () => {
  const K_hat = new Table(power(G, 7n));
  for (const each of vectors("03_ballot_with_nonces").ballot_nonce_encryption) {
    const H_I = key(each.H_I);
    const u = bytesOf(each.u_B);
    const made = await encryptBallotNonce(bytesOf(each.xi_B), H_I, g, K_hat, number(each.xi_hat_B), (bytes) => bytes.set(u));
    assert.equal(hex(made.c_0, ELEMENT_LENGTH), each.alpha_B);
    assert.equal(hexOf(made.c_1), each.C_1);
    assert.deepEqual([hex(made.c_2.c, 32), hex(made.c_2.v, 32)], [each.c_B, each.v_B]);
    assert.equal(hexOf(await decryptBallotNonce(made, H_I, number(each.beta_B))), each.xi_B);
  }
});

test("range proofs", async () => {
  const known = vectors("04_range_proofs");
  const H_I = key(known.H_I);
  const K = new Table(number(known.K));
  const { option_proof: option, limit_proof: limit } = known;
  const commitments = (pair: hashing.Pair, proof: readonly { c: string; v: string }[]): bigint[] =>
    proof.flatMap(({ c, v }, j) => {
      const w = modQ(number(v) - BigInt(j) * number(c));
      return [(g.power(number(v)) * power(pair[0], number(c))) % P, (K.power(w) * power(pair[1], number(c))) % P];
    });
  const ofOption: hashing.Pair = [number(option.alpha), number(option.beta)];
  const made = commitments(ofOption, option.proof);
  assert.deepEqual(
    made.map((each) => hex(each, ELEMENT_LENGTH)),
    option.recomputed_a_b,
  );
  assert.equal(hex(await hashing.rangeChallenge(H_I, option.ind_c, option.ind_o, ofOption, made), 32), option.challenge);
  const ofLimit: hashing.Pair = [number(limit.alpha_bar), number(limit.beta_bar)];
  assert.equal(hex(await hashing.limitChallenge(H_I, limit.ind_c, ofLimit, commitments(ofLimit, limit.proof)), 32), limit.challenge);
});

test("no proof is made for a value outside its range", async () => {
  const never = async (): Promise<bigint> => assert.fail("nothing is hashed");
  for (const value of [-1, 2, 0.5, NaN])
    await assert.rejects(
      proveRange(value, 5n, 1, g, g, never, () => {}),
      /no proof exists/,
    );
});
