/** SHA-256 (FIPS 180-4) of what comes in pieces: a browser's own needs the whole file in memory, and a record's ballots may be a gigabyte. */

import type { Bytes } from "./hashing.ts";

const BLOCK = 64;

/** The first 32 bits of the fractional parts of the roots of the first primes: square roots of 8, cube roots of 64. */
const [INITIAL, ROUND] = constants();

export class Sha256 {
  readonly #state = Uint32Array.from(INITIAL);
  readonly #block = new Uint8Array(BLOCK);
  readonly #words = new Int32Array(BLOCK);
  #held = 0;
  #length = 0;

  /** Takes the bytes of `piece` from `start` to before `end`. */
  add(piece: Uint8Array, start = 0, end = piece.length): this {
    this.#length += end - start;
    let at = start;
    if (this.#held) {
      const taken = Math.min(BLOCK - this.#held, end - at);
      this.#block.set(piece.subarray(at, at + taken), this.#held);
      this.#held += taken;
      at += taken;
      if (this.#held < BLOCK) return this;
      this.#mix(this.#block, 0);
      this.#held = 0;
    }
    for (; at + BLOCK <= end; at += BLOCK) this.#mix(piece, at);
    this.#block.set(piece.subarray(at, end));
    this.#held = end - at;
    return this;
  }

  /** The hash, 32 bytes. Nothing can be added afterwards. */
  end(): Bytes {
    const bits = 8 * this.#length;
    const padding = new Uint8Array((this.#held < BLOCK - 8 ? BLOCK : 2 * BLOCK) - this.#held);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(padding.length - 4, bits >>> 0);
    this.add(padding);
    const hash = new Uint8Array(32);
    const written = new DataView(hash.buffer);
    this.#state.forEach((word, at) => written.setUint32(4 * at, word));
    return hash;
  }

  #mix(bytes: Uint8Array, from: number): void {
    const w = this.#words;
    for (let t = 0; t < 16; t++) {
      const at = from + 4 * t;
      w[t] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
    }
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15]!;
      const y = w[t - 2]!;
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[t] = (w[t - 16]! + s0 + w[t - 7]! + s1) | 0;
    }
    const state = this.#state;
    let a = state[0]! | 0;
    let b = state[1]! | 0;
    let c = state[2]! | 0;
    let d = state[3]! | 0;
    let e = state[4]! | 0;
    let f = state[5]! | 0;
    let g = state[6]! | 0;
    let h = state[7]! | 0;
    for (let t = 0; t < 64; t++) {
      const S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const T1 = (h + S1 + ((e & f) ^ (~e & g)) + ROUND[t]! + w[t]!) | 0;
      const S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const T2 = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + T1) | 0;
      d = c;
      c = b;
      b = a;
      a = (T1 + T2) | 0;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    state[4]! += e;
    state[5]! += f;
    state[6]! += g;
    state[7]! += h;
  }
}

/** SHA-256 of these bytes, one after the other. */
export function sha256(...pieces: readonly Uint8Array[]): Bytes {
  const hash = new Sha256();
  for (const piece of pieces) hash.add(piece);
  return hash.end();
}

function constants(): readonly [readonly number[], Int32Array] {
  const squares: number[] = [];
  const cubes = new Int32Array(64);
  let found = 0;
  for (let number = 2; found < 64; number++) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= number; divisor++) prime &&= number % divisor !== 0;
    if (!prime) continue;
    if (found < 8) squares.push(Number(root(BigInt(number) << 64n, 2n) & 0xffffffffn));
    cubes[found++] = Number(root(BigInt(number) << 96n, 3n) & 0xffffffffn);
  }
  return [squares, cubes];
}

/** The integer part of a root. */
function root(value: bigint, degree: bigint): bigint {
  let low = 0n;
  let high = 1n << 40n;
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (middle ** degree <= value) low = middle;
    else high = middle;
  }
  return low;
}
