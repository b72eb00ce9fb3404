/**
 * What a second device needs to work out again what was locked, as short as can be: it fits a picture to scan, and the fragment of an address.
 *
 *     01 ‖ first 8 bytes of the election identifier ‖ b(style, 2) ‖ id_B ‖ ξ_B ‖ b(choice, 2) for each option ‖ first 4 bytes of the SHA-256 of all that
 *
 * in base64url without padding. The ciphertexts are not in it: from these numbers they are made again, and the confirmation code shows that they
 * are the same.
 */

import type { Choices } from "./ballot.ts";
import { ballotMembers, bytes, integer, list, openingMembers } from "./encoding.ts";
import { EncryptorError } from "./errors.ts";
import { bytesOf, hexOf } from "./group.ts";
import type { Bytes } from "./hashing.ts";

/** `reference` are 16 hexadecimal digits, `choices` one number after another for all options of the style's contests. */
export type Slip = Readonly<{ reference: string; style: number; id_B: Bytes; ballotNonce: Bytes; choices: readonly number[] }>;

const VERSION = 1;
const HEAD = 1 + 8 + 2 + 32 + 32;
const CHECK = 4;

/** The slip of a ballot with its opening, both in canonical form. Throws EncryptorError. */
export function slipOf(electionId: string, ballotText: string, opening: string): Slip {
  const ballot = ballotMembers(ballotText);
  const opened = openingMembers(opening);
  return {
    reference: electionId.slice(0, 16),
    style: integer(ballot["ballot_style_ix"], "ballot_style_ix", 1),
    id_B: bytes(ballot["id_b"], "id_b", 32),
    ballotNonce: bytes(opened["ballot_nonce"], "ballot_nonce", 32),
    choices: list(opened["choices"], "choices").flatMap((contest) => list(contest, "choices").map((each) => integer(each, "choice"))),
  };
}

/** A slip as text. */
export async function writeSlip(slip: Slip): Promise<string> {
  const content = new Uint8Array(HEAD + 2 * slip.choices.length);
  const view = new DataView(content.buffer);
  view.setUint8(0, VERSION);
  content.set(bytesOf(slip.reference.toUpperCase()), 1);
  view.setUint16(9, slip.style);
  content.set(slip.id_B, 11);
  content.set(slip.ballotNonce, 43);
  slip.choices.forEach((choice, at) => view.setUint16(HEAD + 2 * at, choice));
  const whole = new Uint8Array([...content, ...(await checkOf(content))]);
  return btoa(String.fromCharCode(...whole))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** The slip in a text, or in an address whose fragment it is. Throws EncryptorError if there is none, or it is mistyped or cut off. */
export async function readSlip(text: string): Promise<Slip> {
  const plain = text.slice(text.lastIndexOf("#") + 1).replace(/\s/g, "");
  let whole: Bytes;
  try {
    whole = Uint8Array.from(atob(plain.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  } catch {
    throw new EncryptorError("this is no slip");
  }
  const content = whole.slice(0, -CHECK);
  const view = new DataView(content.buffer);
  if (content.length < HEAD + 2 || content.length % 2 !== HEAD % 2 || content[0] !== VERSION) throw new EncryptorError("this is no slip");
  if (hexOf(whole.slice(-CHECK)) !== hexOf(await checkOf(content))) throw new EncryptorError("the slip is mistyped or cut off");
  const choices = Array.from({ length: (content.length - HEAD) / 2 }, (_, at) => view.getUint16(HEAD + 2 * at));
  return {
    reference: hexOf(content.slice(1, 9)).toLowerCase(),
    style: view.getUint16(9),
    id_B: content.slice(11, 43),
    ballotNonce: content.slice(43, HEAD),
    choices,
  };
}

/** The choices of a slip by contest: `sizes` are how many options each contest of the style has. Throws EncryptorError. */
export function choicesOf(slip: Slip, sizes: readonly number[]): Choices {
  if (slip.choices.length !== sizes.reduce((sum, size) => sum + size, 0)) throw new EncryptorError("the slip is of another ballot style");
  let at = 0;
  return sizes.map((size) => slip.choices.slice(at, (at += size)));
}

async function checkOf(content: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", content)).slice(0, CHECK);
}
