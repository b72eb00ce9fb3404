/** The ballots of a record, read piece by piece: which code stands on which line with which state, and every hash that a place is proven by. */

import { EncryptorError } from "./errors.ts";
import { hexOf } from "./group.ts";
import { newLeaf, rootFrom, Tree } from "./merkle.ts";
import { Sha256 } from "./sha256.ts";

/** Counted, cast but not counted, or opened to be checked (record-format.md, 2.7). */
export type State = "Cast" | "Discounted" | "Challenged";

/** Where a code is: its line, counted from 0, and what happened to its ballot. */
export type Place = Readonly<{ position: number; code: string; state: State }>;

/** That a line is in the tree: hashes in hexadecimal, from the line upwards. */
export type Proven = Readonly<{ leaf: string; path: readonly string[]; root: string }>;

const LF = 10;
const BEGINNING = /^\{"ballot_id":"([0-9A-F]{64})","ballot_state":"(Cast|Discounted|Challenged)",/;
/** Bytes of a line that hold its code and state. */
const HEAD = 120;

export class BallotsFile {
  readonly #codes: string[] = [];
  readonly #states: State[] = [];
  readonly #tree = new Tree();
  readonly #whole = new Sha256();
  readonly #head = new Uint8Array(HEAD);
  #headed = 0;
  #line: Sha256 | null = null;
  #hash: string | null = null;
  #root: string | null = null;

  /** The next piece of the file. Throws EncryptorError for a line that is no ballot's, or not in its order. */
  add(piece: Uint8Array): void {
    this.#whole.add(piece);
    for (let at = 0; at < piece.length;) {
      const found = piece.indexOf(LF, at);
      const end = found < 0 ? piece.length : found;
      this.#line ??= newLeaf();
      this.#line.add(piece, at, end);
      const taken = piece.subarray(at, Math.min(end, at + HEAD - this.#headed));
      this.#head.set(taken, this.#headed);
      this.#headed += taken.length;
      if (found >= 0) this.#ended();
      at = end + 1;
    }
  }

  /** After the last piece. Throws EncryptorError if it was cut off. */
  end(): void {
    if (this.#line) throw new EncryptorError("the last line is not ended");
    this.#hash = hexOf(this.#whole.end());
    this.#root = hexOf(this.#tree.root());
  }

  /** How many ballots there are. */
  get size(): number {
    return this.#codes.length;
  }

  /** SHA-256 of the file, in hexadecimal, once it ended. */
  get hash(): string | null {
    return this.#hash;
  }

  /** The root of the tree over all lines, in hexadecimal, once the file ended. */
  get root(): string | null {
    return this.#root;
  }

  /** The ballot whose code begins with `first`, or null. */
  find(first: string): Place | null {
    const position = this.#codes.findIndex((code) => code.startsWith(first));
    return position < 0 ? null : { position, code: this.#codes[position]!, state: this.#states[position]! };
  }

  /** How many ballots have this state. */
  count(state: State): number {
    return this.#states.reduce((sum, each) => sum + (each === state ? 1 : 0), 0);
  }

  /** The inclusion path of a line, tried: it leads to its root. */
  prove(position: number): Proven {
    const leaf = this.#tree.leaf(position);
    const path = this.#tree.path(position);
    const root = rootFrom(leaf, position, this.size, path);
    if (!root || hexOf(root) !== this.#root) throw new EncryptorError("the path does not lead to the root");
    return { leaf: hexOf(leaf), path: path.map(hexOf), root: hexOf(root) };
  }

  #ended(): void {
    const [, code, state] = BEGINNING.exec(new TextDecoder().decode(this.#head.subarray(0, this.#headed))) ?? [];
    if (!code || !state) throw new EncryptorError(`line ${this.size + 1}: not a ballot of a record`);
    if (this.size && code <= this.#codes.at(-1)!) throw new EncryptorError(`line ${this.size + 1}: not in the order of codes`);
    this.#codes.push(code);
    this.#states.push(state as State);
    this.#tree.add(this.#line!.end());
    this.#line = null;
    this.#headed = 0;
  }
}
