/** A released record as the page reads it: every file is compared with the digest that the record lists. */

import { EncryptorError } from "../../errors.ts";
import { hexOf } from "../../group.ts";
import { type Manifest, readManifest } from "../../manifest.ts";
import { sha256 } from "../../sha256.ts";
import { bytesAt, textAt } from "../fetching.ts";

export const BALLOTS = "ballots/device_1.jsonl";
const OPENED = "challenged_ballots.jsonl";

/** A ballot whose record is public, or will be. */
export type ListedRecord = Readonly<{ election_id: string; label: string; union: string; closes: string; released: boolean }>;

/** A file that can be downloaded. */
export type Listed = Readonly<{ path: string; bytes: number; sha256: string }>;

/** How many ballots there are of each state. */
export type Totals = Readonly<{ cast: number; discounted: number; challenged: number }>;

/** Votes for each option of each contest, in the manifest's order. */
export type Tally = readonly (readonly number[])[];

/** A ballot that was opened: for each contest its label, and each option's label and value. */
export type OpenedContest = Readonly<{ contest_ix: number; label: string; options: readonly Readonly<{ label: string; value: number }>[] }>;

export type ReleasedRecord = Readonly<{
  electionId: string;
  files: readonly Listed[];
  key: string;
  /** The hash of the record, worked out here. */
  hash: string;
  /** SHA-256 of each file, as the record lists it. */
  digests: ReadonlyMap<string, string>;
  manifest: Manifest;
  tally: Tally;
  totals: Totals;
  signed: string;
  /** The root of the tree over the ballots that trustees stated; null without a witnessed log. */
  log: Readonly<{ size: number; root: string; trustees: number }> | null;
}>;

/** All ballots whose records are public at this address, or will be. Throws Missing if this is no address of records, Unreachable. */
export async function listedRecords(): Promise<readonly ListedRecord[]> {
  const answered = JSON.parse(await textAt("/api/v1/records")) as ListedRecord[];
  return answered.filter(({ election_id }) => /^[0-9a-f]{64}$/.test(election_id));
}

/** Where the whole record is, as one file. */
export function archiveOf(electionId: string): string {
  return `/api/v1/records/${electionId}/record.zip`;
}

/** Where a file of the record is. */
export function addressOf(electionId: string, path: string): string {
  return `/api/v1/records/${electionId}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
}

/** What a record says, without its ballots. Throws Missing, Unreachable; EncryptorError if it is not what it says itself. */
export async function readReleased(electionId: string): Promise<ReleasedRecord> {
  const released = JSON.parse(await textAt(`/api/v1/records/${electionId}`)) as { record_hash: string; key: string; files: Listed[] };
  const profile = await bytesAt(addressOf(electionId, "profile.json"));
  const hash = hexOf(sha256(profile));
  if (hash !== released.record_hash.toUpperCase()) throw new EncryptorError("profile.json is not the one with the record's hash");
  const { files } = JSON.parse(new TextDecoder().decode(profile)) as { files: { path: string; sha256: string }[] };
  const digests = new Map(files.map((each) => [each.path, each.sha256]));
  const file = async (path: string): Promise<Uint8Array<ArrayBuffer>> => {
    const content = await bytesAt(addressOf(electionId, path));
    if (hexOf(sha256(content)) !== digests.get(path)) throw new EncryptorError(`${path}: not the file that the record lists`);
    return content;
  };
  const json = async (path: string): Promise<unknown> => JSON.parse(new TextDecoder().decode(await file(path)));
  const manifest = readManifest(await file("election_manifest.json"));
  if (manifest.voting.electionIdentifier !== electionId.toUpperCase()) throw new EncryptorError("the record is of another ballot");
  const tally = (await json("tally.json")) as { contests: { options: { tally: number }[] }[] };
  const totals = (await json("totals.json")) as { ballots: Totals };
  const log = digests.has("log.json") ? ((await json("log.json")) as { size: number; root: string; statements: unknown[] }) : null;
  const signature = JSON.parse(await textAt(addressOf(electionId, "signature.json"))) as { date: string };
  return {
    electionId,
    files: released.files,
    key: released.key,
    hash,
    digests,
    manifest,
    tally: fitting(
      manifest,
      tally.contests.map(({ options }) => options.map((each) => each.tally)),
    ),
    totals: totals.ballots,
    signed: signature.date,
    log: log && { size: log.size, root: log.root, trustees: log.statements.length },
  };
}

/** What was in a ballot that was opened to be checked; null if the record has no opening of it. Throws as `readReleased`. */
export async function openedBallot(record: ReleasedRecord, code: string): Promise<readonly OpenedContest[] | null> {
  const content = await bytesAt(addressOf(record.electionId, OPENED));
  if (hexOf(sha256(content)) !== record.digests.get(OPENED)) throw new EncryptorError(`${OPENED}: not the file that the record lists`);
  const line = new TextDecoder()
    .decode(content)
    .split("\n")
    .find((each) => each.startsWith(`{"ballot_id":"${code}",`));
  return line ? (JSON.parse(line) as { contests: OpenedContest[] }).contests : null;
}

function fitting(manifest: Manifest, tally: Tally): Tally {
  const fits =
    tally.length === manifest.contests.length &&
    tally.every((votes, at) => votes.length === manifest.contests[at]!.options.length && votes.every((each) => Number.isSafeInteger(each)));
  if (!fits) throw new EncryptorError("the result is not that of the questions");
  return tally;
}
