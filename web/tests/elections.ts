/** Elections to test with. */

import { ELEMENT_LENGTH, G, hex, hexOf, power } from "../src/group.ts";

/** A manifest's text: contests are given as the manifest has them. */
export function manifestText(
  contests: readonly object[],
  styles: readonly (readonly number[])[] = [contests.map((_, at) => at + 1)],
): string {
  return JSON.stringify({
    label: "Ballot",
    contests,
    ballot_styles: styles.map((indices, at) => ({ label: `Style ${at + 1}`, contests: indices })),
    voting: {
      election_identifier: "AB".repeat(32),
      union: "Union",
      scrutineer: "Scrutineer",
      opens: "2026-11-01T09:00:00Z",
      closes: "2026-11-20T17:00:00Z",
      record_due: "2026-12-20T17:00:00Z",
      trustees: ["One", "Two", "Three"],
      smallest_unit: 10,
      device_information: "psephos",
      chaining_mode: "NoChaining",
      log: "witnessed",
    },
  });
}

/** A contest with so many options and a spoil option. */
export function contest(options: number, limit?: number, label = "Question"): object {
  const named = Array.from({ length: options }, (_, at) => ({ label: `Option ${at + 1}` }));
  return { label, ...(limit ? { selection_limit: limit } : {}), options: [...named, { label: "Spoil", spoil: true }] };
}

/** What the service answers for such an election: K = g^5, K̂ = g^7, three guardians of whom two are needed. */
export function publicParts(manifest: string): string {
  return JSON.stringify({
    manifest: hexOf(new TextEncoder().encode(manifest)),
    guardian_count: 3,
    quorum: 2,
    vote_encryption_key: hex(power(G, 5n), ELEMENT_LENGTH),
    ballot_data_encryption_key: hex(power(G, 7n), ELEMENT_LENGTH),
  });
}
