import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { BallotsFile } from "../src/ballots_file.ts";
import { readShownCode, shownCode } from "../src/confirmation.ts";
import { EncryptorError } from "../src/errors.ts";
import { hexOf } from "../src/group.ts";
import type { Bytes } from "../src/hashing.ts";
import { rootFrom, Tree } from "../src/merkle.ts";
import { Sha256, sha256 } from "../src/sha256.ts";

const ofNode = (content: string | Uint8Array): string => createHash("sha256").update(content).digest("hex").toUpperCase();
const bytesOf = (text: string): Bytes => new TextEncoder().encode(text);
const STATES = ["Cast", "Discounted", "Challenged", "Cast", "Cast"] as const;
const codes = STATES.map((_, at) => ofNode(`ballot ${at}`)).sort();
const file = (lines: readonly string[]): Bytes => bytesOf(lines.map((line) => `${line}\n`).join(""));
const lines = codes.map((code, at) => `{"ballot_id":"${code}","ballot_state":"${STATES[at]}","padding":"${"x".repeat(50 * at)}"}`);

function read(content: Uint8Array, step = content.length): BallotsFile {
  const ballots = new BallotsFile();
  for (let at = 0; at < content.length; at += step) ballots.add(content.subarray(at, at + step));
  ballots.end();
  return ballots;
}

test("hashes in pieces are those of the whole", () => {
  for (const length of [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 128, 1000]) {
    const content = Uint8Array.from({ length }, (_, at) => (at * 7) % 256);
    for (const step of [1, 13, 64, 100]) {
      const hash = new Sha256();
      for (let at = 0; at < length; at += step) hash.add(content, at, Math.min(at + step, length));
      assert.equal(hexOf(hash.end()), ofNode(content), `${length} in steps of ${step}`);
    }
  }
});

test("a code is found with its state, wherever the pieces of the file end", () => {
  for (const step of [1, 7, 64, 119, 10_000]) {
    const ballots = read(file(lines), step);
    assert.equal(ballots.size, codes.length);
    assert.equal(ballots.hash, ofNode(file(lines)));
    for (const [position, code] of codes.entries()) {
      const typed = readShownCode(shownCode(code));
      assert.notEqual(typed, "mistyped");
      assert.deepEqual(ballots.find((typed as { first: string }).first), { position, code, state: STATES[position] });
      assert.equal(ballots.find(code)?.position, position);
    }
    assert.equal(ballots.count("Cast"), 3);
  }
});

test("a code that is not in the list is told from one that is mistyped", () => {
  const ballots = read(file(lines));
  const missing = shownCode(ofNode("another ballot"));
  const typed = readShownCode(missing);
  assert.notEqual(typed, "mistyped");
  assert.equal(ballots.find((typed as { first: string }).first), null);
  assert.equal(readShownCode(`${missing.slice(0, -1)}${missing.endsWith("0") ? "1" : "0"}`), "mistyped");
});

test("what is no list of ballots in its order is refused", () => {
  for (const wrong of [
    file([...lines].reverse()),
    file([lines[0]!, lines[0]!]),
    file(["{}"]),
    file([lines[0]!.replace("Cast", "Counted")]),
    file([lines[0]!.toLowerCase()]),
    bytesOf("\n"),
    file(lines).slice(0, -1),
  ]) {
    assert.throws(() => read(wrong), EncryptorError);
  }
  assert.equal(read(file([])).root, ofNode(""));
});

test("the tree's root and every path are those of RFC 9162", () => {
  const leaves = Array.from({ length: 33 }, (_, at) => sha256(Uint8Array.of(0), Uint8Array.of(at)));
  for (let size = 1; size <= leaves.length; size++) {
    const some = leaves.slice(0, size);
    const tree = new Tree();
    for (const leaf of some) tree.add(leaf);
    const root = hexOf(tree.root());
    assert.equal(root, hexOf(defined(some)), `${size} leaves`);
    assert.equal(tree.size, size);
    for (const [position, leaf] of some.entries()) {
      const path = tree.path(position);
      assert.equal(hexOf(rootFrom(leaf, position, size, path)!), root);
      assert.equal(rootFrom(leaf, position, size, [...path, leaf]), null);
      assert.notEqual(hexOf(rootFrom(sha256(leaf), position, size, path)!), root);
    }
    assert.throws(() => tree.add(some[0]!), RangeError);
  }
  assert.equal(rootFrom(leaves[0]!, 1, 1, []), null);
});

test("each line has a path to the root of all lines", () => {
  const ballots = read(file(lines));
  for (const [position, line] of lines.entries()) {
    const proven = ballots.prove(position);
    assert.equal(proven.leaf, ofNode(new Uint8Array([0, ...bytesOf(line)])));
    assert.equal(proven.root, ballots.root);
  }
});

/** MTH as 2.1.1 defines it: split at the largest power of two that is smaller. */
function defined(leaves: readonly Bytes[]): Bytes {
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (2 * k < leaves.length) k *= 2;
  return sha256(Uint8Array.of(1), defined(leaves.slice(0, k)), defined(leaves.slice(k)));
}
