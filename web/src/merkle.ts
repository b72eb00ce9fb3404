/** The tree of RFC 9162, 2.1, with SHA-256, over leaves that are hashed already (record-format.md, 2.12). */

import type { Bytes } from "./hashing.ts";
import { Sha256, sha256 } from "./sha256.ts";

const NODE = Uint8Array.of(1);

/** A new hash of a leaf, to which its bytes are added. */
export function newLeaf(): Sha256 {
  return new Sha256().add(Uint8Array.of(0));
}

/** A tree that is built while its leaves come, so that at their end there is hardly anything left to do. */
export class Tree {
  /** Layer by layer from the leaves upwards: each node is of two below it, and one that is left over at the end moves up as it is. */
  readonly #layers: Bytes[][] = [[]];
  #root: Bytes | null = null;

  /** How many leaves there are. */
  get size(): number {
    return this.#layers[0]!.length;
  }

  /** The next leaf. Throws RangeError after the end. */
  add(leaf: Bytes): void {
    if (this.#root) throw new RangeError("the tree has ended");
    let node = leaf;
    for (let height = 0; ; height++) {
      const layer = (this.#layers[height] ??= []);
      layer.push(node);
      if (layer.length % 2) return;
      node = sha256(NODE, layer.at(-2)!, node);
    }
  }

  /** The root; without leaves it is the hash of nothing. No leaf can be added from now on. */
  root(): Bytes {
    if (this.#root) return this.#root;
    for (let height = 0; this.#layers[height]!.length > 1; height++) {
      const layer = this.#layers[height]!;
      const above = (this.#layers[height + 1] ??= []);
      if (2 * above.length >= layer.length) continue;
      above.push(layer.length % 2 ? layer.at(-1)! : sha256(NODE, layer.at(-2)!, layer.at(-1)!));
    }
    this.#root = this.#layers.find((layer) => layer.length === 1)?.[0] ?? sha256();
    return this.#root;
  }

  /** The hash of the leaf at `position`, counted from 0. */
  leaf(position: number): Bytes {
    return this.#layers[0]![position]!;
  }

  /** The inclusion path of the leaf at `position`, counted from 0 (2.1.3.1): from the leaf upwards. Ends the tree. */
  path(position: number): Bytes[] {
    this.root();
    const path: Bytes[] = [];
    for (let height = 0, at = position; this.#layers[height]!.length > 1; height++, at >>= 1) {
      const beside = this.#layers[height]![at ^ 1];
      if (beside) path.push(beside);
    }
    return path;
  }
}

/** The root to which a leaf at `position` of `size` leads on its path (2.1.3.2); null if the path has another length. */
export function rootFrom(leaf: Bytes, position: number, size: number, path: readonly Bytes[]): Bytes | null {
  if (position < 0 || position >= size) return null;
  const sides: boolean[] = []; // whether the leaf is on the left, from the root down
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + 2 ** (31 - Math.clz32(end - start - 1)); // the largest power of two below the size
    sides.push(position < middle);
    if (position < middle) end = middle;
    else start = middle;
  }
  if (path.length !== sides.length) return null;
  return sides.reverse().reduce((hash, left, at) => (left ? sha256(NODE, hash, path[at]!) : sha256(NODE, path[at]!, hash)), leaf);
}
