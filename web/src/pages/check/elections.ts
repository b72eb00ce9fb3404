/** The public parts of ballots, for the page that checks: a file beside the page, or what the site's service answers, or a file of one's own. */

import type { Listed } from "../../client.ts";
import type { Manifest } from "../../manifest.ts";
import { manifestOf } from "../../parameters.ts";
import { textAt } from "../fetching.ts";

/** A ballot that votes can be checked for; `publicParts` is canonical JSON, as the service answers it. */
export type Known = Readonly<{ reference: string; publicParts: string; manifest: Manifest }>;

/** More are not asked for beforehand. */
const MOST = 20;

/** A ballot in its public parts. Throws EncryptorError. */
export function readKnown(publicParts: string): Known {
  const manifest = manifestOf(publicParts);
  return { reference: manifest.voting.electionIdentifier.slice(0, 16).toLowerCase(), publicParts, manifest };
}

/** All ballots that there are here: the one in `election.json` beside the page, or those of the service. `wanted` is among them if it exists. */
export async function knownElections(wanted: string | null): Promise<readonly Known[]> {
  try {
    return [readKnown((await textAt("election.json")).trimEnd())];
  } catch {
    // no such file, or none of a ballot: then the service is asked
  }
  let listed: readonly Listed[];
  try {
    listed = JSON.parse(await textAt("/api/v1/elections")) as Listed[];
    listed = [...listed].filter(({ election_id }) => /^[0-9a-f]{64}$/.test(election_id));
  } catch {
    return [];
  }
  const first = listed.filter(({ election_id }) => wanted && election_id.startsWith(wanted));
  const others = listed.filter((each) => !first.includes(each));
  const asked = [...first, ...others].slice(0, MOST).map(async ({ election_id }) => {
    const known = readKnown(await textAt(`/api/v1/elections/${election_id}`));
    if (known.reference !== election_id.slice(0, 16)) throw new TypeError("not the ballot that was asked for");
    return known;
  });
  const answered = await Promise.allSettled(asked);
  return answered.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
}
