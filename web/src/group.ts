/**
 * The group of order q in Z_p* and the field Z_q (§3.1.1): the standard parameters and no others.
 *
 * Powers take a time that depends on the exponent. On the voter's own machine that is accepted (specs/threat-model.md).
 */

import { EncryptorError } from "./errors.ts";

const hexadecimal = (...lines: string[]): bigint => BigInt(`0x${lines.join("")}`);

/** Bytes of an integer mod p and mod q: l_p (§5.1.1), l_q (§5.1.2). */
export const ELEMENT_LENGTH = 512;
export const SCALAR_LENGTH = 32;

/** q = 2^256 − 189. */
export const Q = (1n << 256n) - 189n;

/** p, of 4096 bits. */
export const P = hexadecimal(
  "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFB17217F7D1CF79ABC9E3B39803F2F6AF40F343267298B62D8A0D175B8BAAFA2B",
  "E7B876206DEBAC98559552FB4AFA1B10ED2EAE35C138214427573B291169B8253E96CA16224AE8C51ACBDA11317C387EB9EA9BC3B136603B256FA0EC7657F74B",
  "72CE87B19D6548CAF5DFA6BD38303248655FA1872F20E3A2DA2D97C50F3FD5C607F4CA11FB5BFB90610D30F88FE551A2EE569D6DFC1EFA157D2E23DE1400B396",
  "17460775DB8990E5C943E732B479CD33CCCC4E659393514C4C1A1E0BD1D6095D25669B333564A3376A9C7F8A5E148E82074DB6015CFE7AA30C480A5417350D2C",
  "955D5179B1E17B9DAE313CDB6C606CB1078F735D1B2DB31B5F50B5185064C18B4D162DB3B365853D7598A1951AE273EE5570B6C68F96983496D4E6D330AF889B",
  "44A02554731CDC8EA17293D1228A4EF98D6F5177FBCF0755268A5C1F9538B98261AFFD446B1CA3CF5E9222B88C66D3C5422183EDC99421090BBB16FAF3D949F2",
  "36E02B20CEE886B905C128D53D0BD2F9621363196AF503020060E49908391A0C57339BA2BEBA7D052AC5B61CC4E9207CEF2F0CE2D7373958D762265890445744",
  "FB5F2DA4B751005892D356890DEFE9CAD9B9D4B713E06162A2D8FDD0DF2FD608FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
);

/** The generator g = 2^((p−1)/q) mod p. */
export const G = hexadecimal(
  "36036FED214F3B50DC566D3A312FE4131FEE1C2BCE6D02EA39B477AC05F7F885F38CFE77A7E45ACF4029114C4D7A9BFE058BF2F995D2479D3DDA618FFD910D3C",
  "4236AB2CFDD783A5016F7465CF59BBF45D24A22F130F2D04FE93B2D58BB9C1D1D27FC9A17D2AF49A779F3FFBDCA22900C14202EE6C99616034BE35CBCDD3E7BB",
  "7996ADFE534B63CCA41E21FF5DC778EBB1B86C53BFBE99987D7AEA0756237FB40922139F90A62F2AA8D9AD34DFF799E33C857A6468D001ACF3B681DB87DC4242",
  "755E2AC5A5027DB81984F033C4D178371F273DBB4FCEA1E628C23E52759BC7765728035CEA26B44C49A65666889820A45C33DD37EA4A1D00CB62305CD541BE1E",
  "8A92685A07012B1A20A746C3591A2DB3815000D2AACCFE43DC49E828C1ED7387466AFD8E4BF1935593B2A442EEC271C50AD39F733797A1EA11802A2557916534",
  "662A6B7E9A9E449A24C8CFF809E79A4D806EB681119330E6C57985E39B200B4893639FDFDEA49F76AD1ACD997EBA13657541E79EC57437E504EDA9DD01106151",
  "6C643FB30D6D58AFCCD28B73FEDA29EC12B01A5EB86399A593A9D5F450DE39CB92962C5EC6925348DB54D128FD99C14B457F883EC20112A75A6A0581D3D80A3B",
  "4EF09EC86F9552FFDA1653F133AA2534983A6F31B0EE4697935A6B1EA2F75B85E7EBA151BA486094D68722B054633FEC51CA3F29B31E77E317B178B6B9D8AE0F",
);

/** `value` mod q, for any integer. */
export function modQ(value: bigint): bigint {
  const rest = value % Q;
  return rest < 0n ? rest + Q : rest;
}

/** The product of elements; 1 if there are none. */
export function product(elements: Iterable<bigint>): bigint {
  let result = 1n;
  for (const element of elements) result = (result * element) % P;
  return result;
}

/** base^exponent mod p for any base, four bits at a time; `exponent` from 0. */
export function power(base: bigint, exponent: bigint): bigint {
  const row = [1n];
  for (let digit = 1; digit < 16; digit++) row.push((row[digit - 1]! * base) % P);
  let result = 1n;
  for (const digit of exponent.toString(16)) {
    for (let doubling = 0; doubling < 4; doubling++) result = (result * result) % P;
    const value = parseInt(digit, 16);
    if (value) result = (result * row[value]!) % P;
  }
  return result;
}

/** Whether `value` is an element of the subgroup of order q (6.A). */
export function isElement(value: bigint): boolean {
  return value > 0n && value < P && power(value, Q) === 1n;
}

/** Bits of an exponent that one look-up covers. */
const WINDOW = 6;

/** Powers of one base by table (Note 3.5): for exponents below q, 43 multiplications instead of some 320. */
export class Table {
  readonly base: bigint;
  readonly #rows: bigint[][] = [];

  constructor(base: bigint) {
    this.base = base;
    let start = base;
    for (let bit = 0; bit < 8 * SCALAR_LENGTH; bit += WINDOW) {
      const row = [1n];
      for (let digit = 1; digit < 1 << WINDOW; digit++) row.push((row[digit - 1]! * start) % P);
      this.#rows.push(row);
      start = (row[row.length - 1]! * start) % P;
    }
  }

  /** base^exponent mod p. Throws EncryptorError unless 0 <= exponent < q. */
  power(exponent: bigint): bigint {
    if (exponent < 0n || exponent >= Q) throw new EncryptorError("an exponent is not below q");
    const bytes = toBytes(exponent, SCALAR_LENGTH);
    let result = 1n;
    let bits = 0;
    let held = 0;
    let at = bytes.length;
    for (const row of this.#rows) {
      if (bits < WINDOW && at > 0) {
        held |= bytes[--at]! << bits;
        bits += 8;
      }
      const digit = held & ((1 << WINDOW) - 1);
      held >>= WINDOW;
      bits -= WINDOW;
      if (digit) result = (result * row[digit]!) % P;
    }
    return result;
  }
}

/** Fills bytes from the browser's generator; the worker passes the one that it took when it started. */
export type Random = (bytes: Uint8Array<ArrayBuffer>) => void;

/** A uniformly random scalar other than 0. */
export function randomScalar(random: Random): bigint {
  const bytes = new Uint8Array(SCALAR_LENGTH);
  for (;;) {
    random(bytes);
    const value = fromBytes(bytes);
    bytes.fill(0);
    if (value > 0n && value < Q) return value; // any other is as rare as 2^−248
  }
}

/** b(value, length) (§5.1): big-endian, of fixed length. Throws EncryptorError if it does not fit. */
export function toBytes(value: bigint, length: number): Uint8Array<ArrayBuffer> {
  return bytesOf(hex(value, length));
}

/** An integer from its big-endian bytes. */
export function fromBytes(bytes: Uint8Array): bigint {
  return bytes.length ? BigInt(`0x${hexOf(bytes)}`) : 0n;
}

/** Upper-case hexadecimal of full width: `length` bytes. */
export function hex(value: bigint, length: number): string {
  const digits = value.toString(16).toUpperCase();
  if (value < 0n || digits.length > 2 * length) throw new EncryptorError(`a number does not fit into ${length} bytes`);
  return digits.padStart(2 * length, "0");
}

const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, "0"));

/** Upper-case hexadecimal of bytes. */
export function hexOf(bytes: Uint8Array): string {
  let digits = "";
  for (const byte of bytes) digits += PAIRS[byte]!;
  return digits;
}

/** Bytes from upper-case hexadecimal. Throws EncryptorError for anything else. */
export function bytesOf(digits: string): Uint8Array<ArrayBuffer> {
  if (digits.length % 2 || !/^[0-9A-F]*$/.test(digits)) throw new EncryptorError("expected upper-case hexadecimal digits");
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}
