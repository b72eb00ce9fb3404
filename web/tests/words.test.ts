import assert from "node:assert/strict";
import { test } from "node:test";

import { cy } from "../src/words/cy.ts";
import { en } from "../src/words/en.ts";
import { type Key, Words } from "../src/words/words.ts";

const english = new Words("en");
const welsh = new Words("cy");

test("days and times are those of the UK, in both languages, whatever names the browser has", () => {
  assert.equal(english.moment("2026-11-20T17:00:00Z"), "17:00 GMT on Friday 20 November 2026");
  assert.equal(english.moment("2026-03-29T00:59:59Z"), "00:59 GMT on Sunday 29 March 2026");
  assert.equal(english.moment("2026-03-29T01:00:00Z"), "02:00 BST on Sunday 29 March 2026");
  assert.equal(english.moment("2026-10-25T00:59:59Z"), "01:59 BST on Sunday 25 October 2026");
  assert.equal(english.moment("2026-10-25T01:00:00Z"), "01:00 GMT on Sunday 25 October 2026");
  assert.equal(english.moment("2026-12-31T23:59:59Z"), "23:59 GMT on Thursday 31 December 2026");
  assert.equal(english.moment("2026-06-30T23:00:00Z"), "00:00 BST on Wednesday 1 July 2026");
  assert.equal(welsh.moment("2026-11-20T17:00:00Z"), "17:00 GMT, dydd Gwener 20 Tachwedd 2026");
  assert.equal(welsh.moment("2026-07-31T23:30:00Z"), "00:30 BST, dydd Sadwrn 1 Awst 2026");
  assert.equal(welsh.day("2027-01-03T12:00:00Z"), "3 Ionawr 2027");
  assert.equal(english.day("2027-01-03T12:00:00Z"), "3 January 2027");
});

test("numbers take the form of their language", () => {
  const said = [0, 1, 2, 3, 4, 5, 6, 7, 16].map((count) => welsh.count("answersPoints", count, { option: "A" }));
  assert.deepEqual(said, [
    "A: dim pleidlais",
    "A: 1 bleidlais",
    "A: 2 bleidlais",
    "A: 3 pleidlais",
    "A: 4 pleidlais",
    "A: 5 pleidlais",
    "A: 6 phleidlais",
    "A: 7 pleidlais",
    "A: 16 pleidlais",
  ]);
  assert.equal(english.count("answersPoints", 1, { option: "{count}" }), "{count}: 1 vote");
  assert.equal(english.count("answersPoints", 0, { option: "A" }), "A: 0 votes");
  assert.equal(english.number(1234567), "1,234,567");
  assert.equal(welsh.bytes(90_300), "90.3 kB");
});

test("both languages name the same values in each text", () => {
  const names = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    if (typeof en[key] === "string") assert.deepEqual(names(cy[key as Key]), names(en[key as Key]), key);
  }
});

test("no text uses a word that only programmers know", () => {
  const texts = Object.values(en).flatMap((each) => (typeof each === "string" ? [each] : Object.values(each)));
  for (const text of texts) assert.doesNotMatch(text, /encrypt|hash|nonce|ciphertext/i);
});
