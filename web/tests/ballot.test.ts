import assert from "node:assert/strict";
import { test } from "node:test";

import { type Choices, encryptBallot, openingText } from "../src/ballot.ts";
import { EncryptorError } from "../src/errors.ts";
import { bytesOf, hexOf } from "../src/group.ts";
import { openBallot } from "../src/opening.ts";
import { readElection } from "../src/parameters.ts";
import { contest, manifestText, publicParts } from "./elections.ts";

const random = (bytes: Uint8Array<ArrayBuffer>): void => void crypto.getRandomValues(bytes);
const election = await readElection(publicParts(manifestText([contest(2), contest(3, 2, "Another")])));
const CHOICES: Choices = [
  [1, 0, 0],
  [1, 0, 1, 0],
];

test("choices that the manifest does not allow are never encrypted", async () => {
  const wrong: Choices[] = [
    [[1, 0, 0]],
    [
      [1, 0],
      [0, 0, 0, 0],
    ],
    [
      [1, 1, 0],
      [0, 0, 0, 0],
    ],
    [
      [2, 0, 0],
      [0, 0, 0, 0],
    ],
    [
      [1, 0, 0],
      [1, 1, 1, 0],
    ],
    [
      [1, 0, 0],
      [1, 0, 0, 1],
    ],
    [
      [-1, 1, 0],
      [0, 0, 0, 0],
    ],
    [
      [0.5, 0, 0],
      [0, 0, 0, 0],
    ],
    [
      [NaN, 0, 0],
      [0, 0, 0, 0],
    ],
  ];
  for (const choices of wrong) await assert.rejects(encryptBallot(election, 1, choices, random), EncryptorError);
  for (const style of [0, 2, 1.5]) await assert.rejects(encryptBallot(election, style, CHOICES, random), /no ballot style/);
});

test("a ballot opens to what was chosen, and to nothing else", async () => {
  const { ballot, opening } = await encryptBallot(election, 1, CHOICES, random);
  const opened = await openBallot(ballot.text, openingText(opening), election);
  assert.deepEqual(opened, { style: 1, confirmationCode: ballot.confirmationCode, choices: CHOICES });
  for (const choices of [
    [
      [0, 1, 0],
      [1, 0, 1, 0],
    ],
    [
      [1, 0, 0],
      [1, 0, 0, 0],
    ],
    [[1, 0, 0]],
    [
      [1, 0, 0, 0],
      [1, 0, 1, 0],
    ],
  ]) {
    await assert.rejects(openBallot(ballot.text, openingText({ ...opening, choices }), election), EncryptorError);
  }
});

test("an opening with another nonce is refused", async () => {
  const { ballot, opening } = await encryptBallot(election, 1, CHOICES, random);
  const other = opening.ballotNonce.with(0, opening.ballotNonce[0]! ^ 1);
  await assert.rejects(openBallot(ballot.text, openingText({ ...opening, ballotNonce: other }), election), /encrypts something else/);
  const xi = { ...opening, encryptionNonce: opening.encryptionNonce + 1n };
  await assert.rejects(openBallot(ballot.text, openingText(xi), election), /ballot nonce is not that of the opening/);
});

test("a ballot with a changed number is refused", async () => {
  const { ballot, opening } = await encryptBallot(election, 1, CHOICES, random);
  for (const name of ["id_b", "h_i", "contest_hash", "confirmation_code", "ballot_id", "alpha", "c_1", "chaining_field"]) {
    const changed = ballot.text.replace(
      new RegExp(`"${name}":"(.)`),
      (whole, digit: string) => whole.slice(0, -1) + (digit === "0" ? "1" : "0"),
    );
    assert.notEqual(changed, ballot.text);
    await assert.rejects(openBallot(changed, openingText(opening), election), EncryptorError, name);
  }
});

test("no two ballots have a number in common", async () => {
  const made = await Promise.all([1, 2].map(() => encryptBallot(election, 1, CHOICES, random)));
  const numbers = made.map(({ ballot }) => new Set(ballot.text.match(/[0-9A-F]{64,}/g)));
  const common = [...numbers[0]!].filter((each) => numbers[1]!.has(each));
  assert.deepEqual(common, [hexOf(election.chainingField)]);
  assert.equal(made[0]!.ballot.text.length, made[1]!.ballot.text.length);
});

test("every choice gives a ballot of one length (PR-09)", async () => {
  const lengths = new Set<number>();
  for (const choices of [
    [
      [1, 0, 0],
      [0, 0, 0, 0],
    ],
    [
      [0, 0, 1],
      [0, 0, 0, 1],
    ],
    [
      [0, 0, 0],
      [1, 1, 0, 0],
    ],
  ]) {
    lengths.add((await encryptBallot(election, 1, choices, random)).ballot.text.length);
  }
  assert.equal(lengths.size, 1);
});

test("an election with a changed part is refused", async () => {
  const parts = publicParts(manifestText([contest(2)]));
  const changes: [string, string][] = [
    ['"quorum":2', '"quorum":4'],
    ['"quorum":2', '"quorum":0'],
    ['"quorum":2', '"quorum":2.0'],
    ['"quorum":2', '"quorum":2,"quorum":2'],
    ['"vote_encryption_key":"', '"vote_encryption_key":"0'],
    ['"guardian_count"', '"guardians"'],
    ["{", "{ "],
  ];
  for (const [from, to] of changes) await assert.rejects(readElection(parts.replace(from, to)), EncryptorError, to);
  const one = parts.replace(/"vote_encryption_key":"[0-9A-F]+"/, `"vote_encryption_key":"${"1".padStart(1024, "0")}"`);
  await assert.rejects(readElection(one), /a key is 1/);
  const outside = parts.replace(/"vote_encryption_key":"[0-9A-F]+"/, `"vote_encryption_key":"${"2".padStart(1024, "0")}"`);
  await assert.rejects(readElection(outside), /not an element/);
});

test("hashes that were expected must be the ones that come out", async () => {
  const parts = publicParts(manifestText([contest(2)]));
  const { H_P, H_B, H_E } = await readElection(parts);
  const hashes = { h_p: hexOf(H_P), h_b: hexOf(H_B), h_e: hexOf(H_E.bytes) };
  await readElection(parts, hashes);
  for (const name of ["h_p", "h_b", "h_e"] as const) {
    const wrong = hexOf(bytesOf(hashes[name]).map((byte, at) => (at ? byte : byte ^ 1)));
    await assert.rejects(readElection(parts, { ...hashes, [name]: wrong }), new RegExp(`${name} is not the one`));
  }
});
