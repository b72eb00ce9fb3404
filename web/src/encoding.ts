/**
 * Canonical JSON (specs/record-format.md, 1), read strictly: compact, members in their order, none unknown, none twice.
 *
 * What a browser writes compactly again, byte for byte, was canonical; a repeated member or another form of a number would be lost.
 */

import { EncryptorError } from "./errors.ts";
import { bytesOf, ELEMENT_LENGTH, isElement, Q, SCALAR_LENGTH } from "./group.ts";
import type { Bytes } from "./hashing.ts";

/** The value whose canonical form is `text`. Throws EncryptorError. */
export function parse(text: string, what: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new EncryptorError(`${what}: not JSON`);
  }
  if (JSON.stringify(value) !== text) throw new EncryptorError(`${what}: not in canonical form`);
  return value;
}

/** An object with these members, in this order; those that end with ? may be absent. Throws EncryptorError. */
export function members(value: unknown, what: string, ...names: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new EncryptorError(`${what}: expected an object`);
  const found = Object.keys(value);
  const expected = names.map((name) => name.replace("?", "")).filter((name, at) => found.includes(name) || !names[at]!.endsWith("?"));
  if (found.length !== expected.length || found.some((name, at) => name !== expected[at])) {
    throw new EncryptorError(`${what}: expected the members ${expected.join(", ")}`);
  }
  return value as Record<string, unknown>;
}

/** An array of at least one. Throws EncryptorError. */
export function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw new EncryptorError(`${what}: expected an array that is not empty`);
  return value;
}

/** Text. Throws EncryptorError. */
export function text(value: unknown, what: string): string {
  if (typeof value !== "string" || value === "") throw new EncryptorError(`${what}: expected text`);
  return value;
}

/** An integer from `least` to 2^31 − 1. Throws EncryptorError. */
export function integer(value: unknown, what: string, least = 0): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) >= 2 ** 31) {
    throw new EncryptorError(`${what}: expected an integer from ${least}`);
  }
  return value as number;
}

/** `length` bytes, or any number of them. Throws EncryptorError. */
export function bytes(value: unknown, what: string, length?: number): Bytes {
  const found = bytesOf(text(value, what));
  if (length !== undefined && found.length !== length) throw new EncryptorError(`${what}: expected ${length} bytes, got ${found.length}`);
  return found;
}

/** An element (6.A). Throws EncryptorError. */
export function element(value: unknown, what: string): bigint {
  bytes(value, what, ELEMENT_LENGTH);
  const found = BigInt(`0x${value as string}`);
  if (!isElement(found)) throw new EncryptorError(`${what}: not an element of the subgroup of order q`);
  return found;
}

/** A scalar (6.B). Throws EncryptorError. */
export function scalar(value: unknown, what: string): bigint {
  bytes(value, what, SCALAR_LENGTH);
  const found = BigInt(`0x${value as string}`);
  if (found >= Q) throw new EncryptorError(`${what}: not an integer below q`);
  return found;
}

/** A ballot's members, as they stand in its canonical form (record-format.md, 2.7), before it has a state. Throws EncryptorError. */
export function ballotMembers(text: string): Readonly<Record<string, unknown>> {
  const names = ["ballot_id", "ballot_style_ix", "device_ix", "id_b", "h_i", "contests", "ballot_nonce_ciphertext", "chaining_field"];
  return members(parse(text, "ballot"), "ballot", ...names, "confirmation_code");
}

/** An opening's members. Throws EncryptorError. */
export function openingMembers(text: string): Readonly<Record<string, unknown>> {
  return members(parse(text, "opening"), "opening", "choices", "ballot_nonce", "encryption_nonce");
}
