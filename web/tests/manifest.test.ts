import assert from "node:assert/strict";
import { test } from "node:test";

import { EncryptorError } from "../src/errors.ts";
import { contestsOf, readManifest } from "../src/manifest.ts";
import { contest, manifestText } from "./elections.ts";

const read = (text: string) => readManifest(new TextEncoder().encode(text));

test("effective limits are those of the record's format", () => {
  const options = [{ label: "A", selection_limit: 5 }, { label: "B", selection_limit: "CONTEST_LIMIT" }, { label: "C" }];
  const [limited, unlimited] = read(
    manifestText([
      { label: "One", selection_limit: 3, options },
      { label: "Two", selection_limit: "NO_LIMIT", options: [options[0], options[2]] },
    ]),
  ).contests;
  assert.deepEqual([limited!.selectionLimit, ...limited!.options.map((each) => each.selectionLimit)], [3, 3, 3, 1]);
  assert.deepEqual([unlimited!.selectionLimit, ...unlimited!.options.map((each) => each.selectionLimit)], [6, 5, 1]);
});

test("a spoil proof is needed where more than one may be chosen", () => {
  const [one, two] = read(manifestText([contest(2), contest(3, 2, "Another")])).contests;
  assert.deepEqual([one!.needsSpoilProof, two!.needsSpoilProof], [false, true]);
});

test("a ballot style has its own contests", () => {
  const manifest = read(manifestText([contest(2), contest(2, undefined, "Another")], [[1], [1, 2], [2]]));
  assert.deepEqual(
    [1, 2, 3].map((style) => contestsOf(manifest, style).map(({ index }) => index)),
    [[1], [1, 2], [2]],
  );
  assert.throws(() => contestsOf(manifest, 4), /no ballot style 4/);
});

test("what is not in the format is refused", () => {
  const good = manifestText([contest(2, 2)]);
  const changes: [string, string][] = [
    ['"selection_limit":2', '"selection_limit":1'],
    ['"selection_limit":2', '"selection_limit":0'],
    ['"selection_limit":2', '"selection_limit":1001'],
    ['"selection_limit":2', '"selection_limit":"MANY"'],
    ['"spoil":true', '"spoil":false'],
    ['{"label":"Option 2"}', '{"label":"Option 2","spoil":true}'],
    ['"contests":[1]', '"contests":[2]'],
    ['"contests":[1]', '"contests":[1,1]'],
    ['"contests":[1]', '"contests":[]'],
    ["NoChaining", "SimpleChaining"],
    ['"union"', '"onion"'],
    ['"label":"Ballot",', '"label":"Ballot","label":"Ballot",'],
    ["Union", "Uni\\u006fn"],
    ["{", " {"],
  ];
  for (const [from, to] of changes) assert.throws(() => read(good.replace(from, to)), EncryptorError, `${from} → ${to}`);
  assert.throws(() => readManifest(Uint8Array.of(0xff)), /not UTF-8/);
  assert.throws(() => read(`\ufeff${good}`), EncryptorError);
});
