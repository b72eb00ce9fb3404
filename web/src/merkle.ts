/** The tree of RFC 9162, 2.1, with SHA-256, over leaves that are hashed already (record-format.md, 2.12). */

import type { Bytes } from "./hashing.ts";
import { Sha256, sha256 } from "./sha256.ts";

const NODE = Uint8Array.of(1);

/** A new hash of a leaf, to which its bytes are added. */
export function newLeaf(): Sha256 {
  return new Sha256().add(Uint8Array.of(0));
}

/** The hash of a tree with these leaves; without leaves it is that of nothing. */
export function rootOf(leaves: readonly Bytes[], start = 0, end = leaves.length): Bytes {
  if (start === end) return sha256();
  if (end - start === 1) return leaves[start]!;
  const middle = start + split(end - start);
  return sha256(NODE, rootOf(leaves, start, middle), rootOf(leaves, middle, end));
}

/** The inclusion path of the leaf at `position`, counted from 0 (2.1.3.1): from the leaf upwards. */
export function pathOf(leaves: readonly Bytes[], position: number, start = 0, end = leaves.length): Bytes[] {
  if (end - start === 1) return [];
  const middle = start + split(end - start);
  if (position < middle) return [...pathOf(leaves, position, start, middle), rootOf(leaves, middle, end)];
  return [...pathOf(leaves, position, middle, end), rootOf(leaves, start, middle)];
}

/** The root to which a leaf at `position` of `size` leads on its path (2.1.3.2); null if the path has another length. */
export function rootFrom(leaf: Bytes, position: number, size: number, path: readonly Bytes[]): Bytes | null {
  if (position < 0 || position >= size) return null;
  const sides: boolean[] = []; // whether the leaf is on the left, from the root down
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + split(end - start);
    sides.push(position < middle);
    if (position < middle) end = middle;
    else start = middle;
  }
  if (path.length !== sides.length) return null;
  return sides.reverse().reduce((hash, left, at) => (left ? sha256(NODE, hash, path[at]!) : sha256(NODE, path[at]!, hash)), leaf);
}

/** The largest power of two below `size`, which is at least 2. */
function split(size: number): number {
  return 2 ** (31 - Math.clz32(size - 1));
}
