/** What an election is bound to: H_P and H_B (§3.1.2, §3.1.4), the joint keys with H_E (§3.2.3), and the tables of the three bases. */

import { bytes, element, integer, members, parse } from "./encoding.ts";
import { EncryptorError } from "./errors.ts";
import { G, hexOf, Table } from "./group.ts";
import { type Bytes, b, deviceHash, electionBaseHash, extendedBaseHash, HashKey, parameterBaseHash } from "./hashing.ts";
import { type Manifest, readManifest } from "./manifest.ts";

/** All that is needed to encrypt a ballot, or to check an opened one. */
export type Election = Readonly<{
  manifest: Manifest;
  H_P: Bytes;
  H_B: Bytes;
  H_E: HashKey;
  /** B_C (73): no chaining, 36 bytes. */
  chainingField: Bytes;
  g: Table;
  K: Table;
  K_hat: Table;
}>;

/** What the service says the hashes are, in hexadecimal: they are recomputed here and must be the same. */
export type Hashes = Readonly<{ h_p: string; h_b: string; h_e: string }>;

const NAMES = ["manifest", "guardian_count", "quorum", "vote_encryption_key", "ballot_data_encryption_key"];

/** The manifest in the public parts. Throws EncryptorError. */
export function manifestOf(publicParts: string): Manifest {
  return readManifest(bytes(members(parse(publicParts, "election"), "election", ...NAMES)["manifest"], "election.manifest"));
}

/**
 * The election in `publicParts`, the canonical JSON that the service answers; `expected` are hashes from elsewhere.
 *
 * Everything is recomputed: membership of K and K̂, H_P, H_B, H_E. Throws EncryptorError.
 */
export async function readElection(publicParts: string, expected?: Hashes): Promise<Election> {
  const raw = members(parse(publicParts, "election"), "election", ...NAMES);
  const manifest = manifestOf(publicParts);
  const guardianCount = integer(raw["guardian_count"], "election.guardian_count", 1);
  const quorum = integer(raw["quorum"], "election.quorum", 1);
  if (quorum > guardianCount) throw new EncryptorError("election: the quorum is larger than the number of guardians");
  const K = element(raw["vote_encryption_key"], "election.vote_encryption_key");
  const K_hat = element(raw["ballot_data_encryption_key"], "election.ballot_data_encryption_key");
  if (K === 1n || K_hat === 1n) throw new EncryptorError("election: a key is 1, which would encrypt nothing");
  const H_P = await parameterBaseHash(guardianCount, quorum);
  const H_B = await electionBaseHash(H_P, manifest.content);
  const H_E = new HashKey(await extendedBaseHash(H_B, K, K_hat));
  const hashes = { h_p: H_P, h_b: H_B, h_e: H_E.bytes };
  for (const name of ["h_p", "h_b", "h_e"] as const) {
    if (expected && expected[name] !== hexOf(hashes[name])) throw new EncryptorError(`election: ${name} is not the one that was expected`);
  }
  const chainingField = new Uint8Array([...b(0), ...(await deviceHash(H_E, manifest.voting.deviceInformation))]); // (72), (73)
  return { manifest, H_P, H_B, H_E, chainingField, g: new Table(G), K: new Table(K), K_hat: new Table(K_hat) };
}
