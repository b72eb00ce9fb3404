import assert from "node:assert/strict";
import { test } from "node:test";

import { Encryptor } from "../src/encryptor.ts";
import { openBallot } from "../src/opening.ts";
import { readElection } from "../src/parameters.ts";
import { contest, manifestText, publicParts } from "./elections.ts";

const random = (bytes: Uint8Array<ArrayBuffer>): void => void crypto.getRandomValues(bytes);
const PARTS = publicParts(manifestText([contest(2)]));

test("a generator that is none is refused (CL-16)", () => {
  let count = 0;
  const wrong: ((bytes: Uint8Array<ArrayBuffer>) => void)[] = [
    () => {},
    (bytes) => bytes.fill(7),
    (bytes) => bytes.fill(++count),
    (bytes) => bytes.forEach((_, at) => void (bytes[at] = at)),
    (bytes) => void crypto.getRandomValues(bytes.subarray(0, 16)),
  ];
  for (const generator of wrong) assert.throws(() => new Encryptor(generator), /are not random/);
});

test("a ballot can be opened once, and only until the next", async () => {
  const encryptor = new Encryptor(random);
  await assert.rejects(encryptor.encrypt(1, [[1, 0, 0]]), /not prepared/);
  await encryptor.prepare(PARTS);
  assert.throws(() => encryptor.open(), /no ballot to open/);
  const first = await encryptor.encrypt(1, [[1, 0, 0]]);
  const second = await encryptor.encrypt(1, [[0, 1, 0]]);
  const opening = encryptor.open();
  const election = await readElection(PARTS);
  assert.deepEqual((await openBallot(second.text, opening, election)).choices, [[0, 1, 0]]);
  await assert.rejects(openBallot(first.text, opening, election), /encrypts something else/);
  assert.throws(() => encryptor.open(), /no ballot to open/);
});

test("what was cast or left cannot be opened", async () => {
  const encryptor = new Encryptor(random);
  await encryptor.prepare(PARTS);
  await encryptor.encrypt(1, [[0, 0, 1]]);
  encryptor.forget();
  assert.throws(() => encryptor.open(), /no ballot to open/);
  await encryptor.encrypt(1, [[0, 0, 1]]);
  await assert.rejects(encryptor.encrypt(1, [[1, 1, 0]]), /more is chosen/);
  assert.throws(() => encryptor.open(), /no ballot to open/);
});
