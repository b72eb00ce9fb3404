/**
 * The encryptor for tests in other languages: lines of JSON in, one line out for each.
 *
 *     {"election": PARTS}                        the election that what follows is for, as the service answers it
 *     {"style": 1, "choices": [[1, 0, 0]]}       → {"ballot": TEXT, "opening": TEXT, "ms": time}
 *     {"slip": TEXT, "opening": TEXT}            → the same, worked out from the slip of that ballot and opening
 *     {"ballot": TEXT, "opening": TEXT}          → {"style": 1, "confirmationCode": "…", "choices": …}, or {"refused": why}
 */

import { createInterface } from "node:readline";

import { encryptBallot, openingText } from "../src/ballot.ts";
import { openBallot, recompute } from "../src/opening.ts";
import { type Election, readElection } from "../src/parameters.ts";
import { readSlip, slipOf, writeSlip } from "../src/slip.ts";

let election: Election | undefined;
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer: object;
  try {
    if ("election" in asked) {
      election = await readElection(asked.election);
      answer = {};
    } else if ("slip" in asked) {
      answer = await recompute(await readSlip(await writeSlip(slipOf("ab".repeat(32), asked.slip, asked.opening))), election!);
    } else if ("ballot" in asked) {
      answer = await openBallot(asked.ballot, asked.opening, election!);
    } else {
      const started = performance.now();
      const { ballot, opening } = await encryptBallot(election!, asked.style, asked.choices, (bytes) => void crypto.getRandomValues(bytes));
      answer = { ballot: ballot.text, opening: openingText(opening), ms: performance.now() - started };
    }
  } catch (error) {
    answer = { refused: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
