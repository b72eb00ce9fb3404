/** Access codes as people type and paste them: 26 characters of 5 bits and two check characters (api/voters/access_code.py). */

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH = 28;
const PRIME = 1021n;

/** What may be wrong with a code: nothing typed, a character that no code has, another length, a typing error. */
export type CodeProblem = "empty" | "character" | "length" | "mistyped";

/** The 28 characters that somebody typed or pasted, or what is wrong with them and how many characters there were. */
export function readCode(typed: string): { code: string } | { problem: CodeProblem; length: number } {
  const plain = typed
    .toUpperCase()
    .replace(/[\s\p{Pd}\p{Cf}]/gu, "")
    .replace(/[IL]/g, "1")
    .replace(/O/g, "0");
  if (plain === "") return { problem: "empty", length: 0 };
  const digits = Array.from(plain, (character) => ALPHABET.indexOf(character));
  if (digits.includes(-1)) return { problem: "character", length: digits.length };
  if (digits.length !== LENGTH) return { problem: "length", length: digits.length };
  const whole = digits.reduce((number, digit) => (number << 5n) | BigInt(digit), 0n);
  if ((whole >> 10n) % PRIME !== (whole & 1023n)) return { problem: "mistyped", length: LENGTH };
  return { code: plain };
}
