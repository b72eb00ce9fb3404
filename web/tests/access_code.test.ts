import assert from "node:assert/strict";
import { test } from "node:test";

import { readCode } from "../src/access_code.ts";

const CODE = "7M4KQ2XD9T3WHF6P2C8VN5RJ0A"; // without its check

function withCheck(code: string): string {
  const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const number = Array.from(code).reduce((whole, each) => whole * 32n + BigInt(alphabet.indexOf(each)), 0n) % 1021n;
  return code + alphabet[Number(number >> 5n)]! + alphabet[Number(number & 31n)]!;
}

const WHOLE = withCheck(CODE);

test("codes are read as people write them", () => {
  const grouped = WHOLE.match(/.{4}/g)!.join("-");
  for (const typed of [WHOLE, grouped, grouped.toLowerCase(), ` ${grouped}\n`, grouped.replaceAll("-", "–"), grouped.replace("0", "o")]) {
    assert.deepEqual(readCode(typed), { code: WHOLE });
  }
});

test("what is wrong is told", () => {
  assert.deepEqual(readCode(" - "), { problem: "empty", length: 0 });
  assert.deepEqual(readCode(WHOLE.slice(1)), { problem: "length", length: 27 });
  assert.deepEqual(readCode(WHOLE.replace("7", "U")), { problem: "character", length: 28 });
  assert.deepEqual(readCode(WHOLE.replace("7", "é")), { problem: "character", length: 28 });
});

test("one wrong character, or two neighbours exchanged, is a typing error", () => {
  for (let at = 0; at < 28; at++) {
    for (const other of "0123456789ABCDEFGHJKMNPQRSTVWXYZ") {
      const changed = WHOLE.slice(0, at) + other + WHOLE.slice(at + 1);
      if (changed !== WHOLE) assert.deepEqual(readCode(changed), { problem: "mistyped", length: 28 }, changed);
    }
    const exchanged = WHOLE.slice(0, at) + (WHOLE[at + 1] ?? "") + WHOLE[at]! + WHOLE.slice(at + 2);
    if (exchanged !== WHOLE && exchanged.length === 28) assert.deepEqual(readCode(exchanged), { problem: "mistyped", length: 28 });
  }
});
