import assert from "node:assert/strict";
import { test } from "node:test";

import { type Choices, encryptBallot, openingText } from "../src/ballot.ts";
import { readShownCode, shownCode } from "../src/confirmation.ts";
import { EncryptorError } from "../src/errors.ts";
import { recompute } from "../src/opening.ts";
import { readElection } from "../src/parameters.ts";
import { readSlip, slipOf, writeSlip } from "../src/slip.ts";
import { contest, manifestText, publicParts } from "./elections.ts";

const random = (bytes: Uint8Array<ArrayBuffer>): void => void crypto.getRandomValues(bytes);
const election = await readElection(publicParts(manifestText([contest(2), contest(3, 2, "Another")])));
const CHOICES: Choices = [
  [0, 1, 0],
  [1, 0, 1, 0],
];
const { ballot, opening } = await encryptBallot(election, 1, CHOICES, random);
const ID = "ab".repeat(32);

test("a second device works out choices and confirmation code from the slip alone", async () => {
  const text = await writeSlip(slipOf(ID, ballot.text, openingText(opening)));
  const slip = await readSlip(`https://voting.example/check#${text}`);
  assert.equal(slip.reference, "ab".repeat(8));
  assert.deepEqual(await recompute(slip, election), { style: 1, confirmationCode: ballot.confirmationCode, choices: CHOICES });
  assert.ok(text.length < 150);
});

test("a slip that says other choices has another confirmation code", async () => {
  const slip = slipOf(ID, ballot.text, openingText(opening));
  const other = await recompute({ ...slip, choices: [1, 0, 0, 1, 0, 1, 0] }, election);
  assert.notEqual(other.confirmationCode, ballot.confirmationCode);
  for (const choices of [
    [1, 1, 0, 0, 0, 0, 0],
    [1, 0, 0],
    [0, 0, 0, 1, 1, 1, 0],
  ]) {
    await assert.rejects(recompute({ ...slip, choices }, election), EncryptorError);
  }
  await assert.rejects(recompute({ ...slip, style: 2 }, election), /no ballot style/);
});

test("a slip with a wrong or missing character is noticed", async () => {
  const text = await writeSlip(slipOf(ID, ballot.text, openingText(opening)));
  for (let at = 0; at < text.length; at += 7) {
    const changed = text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
    await assert.rejects(readSlip(changed), EncryptorError);
  }
  for (const wrong of ["", "no slip!", text.slice(1), text.slice(0, -4), "AAAA"])
    await assert.rejects(readSlip(wrong), EncryptorError, wrong);
});

test("a confirmation code is shown with a check, and a typing error is told from a code that is missing", () => {
  const shown = shownCode(ballot.confirmationCode);
  assert.equal(shown.length, 36);
  const first = ballot.confirmationCode.slice(0, 32);
  for (const typed of [shown, shown.toLowerCase(), shown.match(/.{4}/g)!.join(" "), ` ${shown.match(/.{4}/g)!.join("–")} `]) {
    assert.deepEqual(readShownCode(typed), { first });
  }
  assert.deepEqual(readShownCode(ballot.confirmationCode), { first: ballot.confirmationCode });
  for (let at = 0; at < 36; at++) {
    for (const other of "0123456789ABCDEF") {
      const changed = shown.slice(0, at) + other + shown.slice(at + 1);
      if (changed !== shown) assert.equal(readShownCode(changed), "mistyped");
    }
  }
  for (const wrong of ["", "XYZ", shown.slice(1), `${shown}0`]) assert.equal(readShownCode(wrong), "mistyped");
});
