/**
 * The worker in which votes are encrypted: a realm of its own, in which nothing else runs.
 *
 * What it needs of the browser is taken once, at its start, and everything that scripts share is frozen (CL-16).
 */

import type { EncryptedBallot } from "./ballot.ts";
import { Encryptor } from "./encryptor.ts";
import { EncryptorError } from "./errors.ts";
import type { Answer, Question } from "./messages.ts";
import type { Opened } from "./opening.ts";

const getRandomValues = crypto.getRandomValues.bind(crypto);
if (!/\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(crypto.getRandomValues))) {
  throw new EncryptorError("the browser's random numbers were replaced");
}
for (const intrinsic of [Object, Array, Uint8Array, BigInt, JSON, Math, Promise, Map, Set, RegExp, String, Number, crypto, crypto.subtle]) {
  Object.freeze(intrinsic);
  if ("prototype" in intrinsic) Object.freeze(intrinsic.prototype);
}

const encryptor = new Encryptor((bytes) => void getRandomValues(bytes));

async function answered({ ask }: Question): Promise<null | string | EncryptedBallot | Opened> {
  switch (ask.what) {
    case "prepare":
      await encryptor.prepare(ask.publicParts, ask.expected);
      return null;
    case "encrypt":
      return encryptor.encrypt(ask.style, ask.choices);
    case "open":
      return encryptor.open();
    case "recompute":
      return encryptor.recompute(ask.slip);
    case "forget":
      encryptor.forget();
      return null;
  }
}

let last: Promise<unknown> = Promise.resolve();
addEventListener("message", ({ data }: MessageEvent<Question>) => {
  last = last.then(async () => {
    try {
      postMessage({ number: data.number, answer: await answered(data) } satisfies Answer);
    } catch (error) {
      postMessage({ number: data.number, failed: error instanceof Error ? error.message : "unknown" } satisfies Answer);
    }
  });
});
