/**
 * Confirmation codes as people see and type them (specs/decisions/0016-shown-confirmation-codes.md): the first 128 bits of H_C, then their
 * remainder by the prime 65521 in four digits. One wrong digit, or two neighbours exchanged, is always noticed.
 */

const SHOWN = 32;
const PRIME = 65521n;

/** What is shown of a confirmation code H_C of 64 hexadecimal digits: 36 digits, the last four a check. */
export function shownCode(confirmationCode: string): string {
  const first = confirmationCode.slice(0, SHOWN);
  return first + checkOf(first);
}

/** What somebody typed: the first 32 digits of H_C, or "mistyped". The whole of H_C is understood as well. */
export function readShownCode(typed: string): { first: string } | "mistyped" {
  const plain = typed.toUpperCase().replace(/[\s\p{Pd}\p{Cf}]/gu, "");
  if (!/^[0-9A-F]*$/.test(plain)) return "mistyped";
  if (plain.length === 64) return { first: plain };
  const first = plain.slice(0, SHOWN);
  return plain.length === SHOWN + 4 && plain.slice(SHOWN) === checkOf(first) ? { first } : "mistyped";
}

function checkOf(first: string): string {
  return (BigInt(`0x${first}`) % PRIME).toString(16).toUpperCase().padStart(4, "0");
}
