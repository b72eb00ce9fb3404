/** The election manifest: contests, options, ballot styles and limits, from the very bytes that are hashed (§3.1.3; record-format.md, 2.3). */

import { integer, list, members, parse, text } from "./encoding.ts";
import { EncryptorError } from "./errors.ts";
import type { Bytes } from "./hashing.ts";

/** More would make ballots that no browser can encrypt. */
const LARGEST_LIMIT = 1000;

/** A selectable option; `index` from 1, `selectionLimit` is the effective R. */
export type Option = Readonly<{ index: number; label: string; selectionLimit: number; spoil: boolean }>;

/** A contest; `index` from 1, `selectionLimit` is the effective L. A spoil option is the last. */
export type Contest = Readonly<{
  index: number;
  label: string;
  selectionLimit: number;
  options: readonly Option[];
  needsSpoilProof: boolean;
}>;

/** A ballot style; `index` from 1, `contests` are contest indices, ascending. */
export type BallotStyle = Readonly<{ index: number; label: string; contests: readonly number[] }>;

/** What the law wants on the voting form beside the questions. Times are UTC text. */
export type Voting = Readonly<{
  electionIdentifier: string;
  union: string;
  scrutineer: string;
  opens: string;
  closes: string;
  deviceInformation: string;
  statutory: Statutory | null;
}>;

/** What the law has to do with it, in words of the manifest. `hierarchy` ranks ways of voting, the first always counts; empty if nobody has two. */
export type Statutory = Readonly<{ ballotType: string; section: string; methods: readonly string[]; hierarchy: readonly Route[] }>;

const ROUTES = ["electronic", "hybrid electronic", "hybrid postal", "workplace", "postal"] as const;

/** A way in which a vote comes back. */
export type Route = (typeof ROUTES)[number];

/** A manifest; `content` is the file, byte for byte: what H_B hashes. */
export type Manifest = Readonly<{
  content: Bytes;
  label: string;
  contests: readonly Contest[];
  ballotStyles: readonly BallotStyle[];
  voting: Voting;
}>;

/** The manifest in `content`. Throws EncryptorError. What a service may refuse besides (look-alike labels, times) changes no ballot. */
export function readManifest(content: Bytes): Manifest {
  let file: string;
  try {
    file = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    throw new EncryptorError("manifest: not UTF-8");
  }
  const raw = members(parse(file, "manifest"), "manifest", "label", "contests", "ballot_styles", "voting");
  const contests = list(raw["contests"], "contests").map((entry, position) => readContest(entry, position + 1));
  const ballotStyles = list(raw["ballot_styles"], "ballot_styles").map((entry, position) =>
    readStyle(entry, position + 1, contests.length),
  );
  return { content, label: text(raw["label"], "label"), contests, ballotStyles, voting: readVoting(raw["voting"]) };
}

/** The contests of a ballot style, ascending. Throws EncryptorError if there is no such style. */
export function contestsOf(manifest: Manifest, style: number): readonly Contest[] {
  const found = manifest.ballotStyles[style - 1];
  if (!found) throw new EncryptorError(`there is no ballot style ${style}`);
  return found.contests.map((index) => manifest.contests[index - 1]!);
}

/** The routes of a voter in the order of the manifest's hierarchy; empty unless they are several. */
export function rankedOf(manifest: Manifest, routes: readonly string[]): readonly Route[] {
  const found = manifest.voting.statutory?.hierarchy.filter((route) => routes.includes(route)) ?? [];
  return found.length > 1 ? found : [];
}

function readContest(entry: unknown, index: number): Contest {
  const where = `contest ${index}`;
  const raw = members(entry, where, "label", "selection_limit?", "options");
  const options = list(raw["options"], where).map((each, position) => {
    const option = members(each, `${where}, option ${position + 1}`, "label", "selection_limit?", "spoil?");
    return { label: text(option["label"], where), limit: option["selection_limit"] ?? 1, spoil: option["spoil"] };
  });
  const stated = raw["selection_limit"] ?? 1;
  if (raw["selection_limit"] === 1) throw new EncryptorError(`${where}: a limit of 1 is not written`);
  const noLimit = stated === "NO_LIMIT";
  const numbers = options.map(({ limit }) => (limit === "CONTEST_LIMIT" && !noLimit ? null : integer(limit, where, 1)));
  const sum = (limits: readonly (number | null)[]): number => limits.reduce<number>((total, limit) => total + (limit ?? 0), 0);
  const largest = noLimit ? sum(numbers) : integer(stated, where, 1);
  const effective = numbers.map((limit) => Math.min(limit ?? largest, largest));
  const selectionLimit = Math.min(largest, sum(effective));
  if (Math.max(selectionLimit, noLimit ? 0 : largest, ...numbers.map((limit) => limit ?? 0)) > LARGEST_LIMIT)
    throw new EncryptorError(`${where}: a limit is at most ${LARGEST_LIMIT}`);
  options.forEach(({ spoil }, position) => {
    const allowed = spoil === true && position > 0 && position === options.length - 1 && effective[position] === 1;
    if (spoil !== undefined && !allowed) throw new EncryptorError(`${where}: a spoil option is the last of several and has limit 1`);
  });
  const spoil = options.at(-1)!.spoil === true;
  return {
    index,
    label: text(raw["label"], where),
    selectionLimit,
    options: options.map((each, position) => ({
      index: position + 1,
      label: each.label,
      selectionLimit: effective[position]!,
      spoil: each.spoil === true,
    })),
    needsSpoilProof: spoil && selectionLimit > 1,
  };
}

function readStyle(entry: unknown, index: number, contests: number): BallotStyle {
  const where = `ballot style ${index}`;
  const raw = members(entry, where, "label", "contests");
  const indices = list(raw["contests"], where).map((each) => integer(each, where, 1));
  if (indices.some((each, at) => each > contests || (at > 0 && each <= indices[at - 1]!))) {
    throw new EncryptorError(`${where}: its contests are not existing indices, ascending, each once`);
  }
  return { index, label: text(raw["label"], where), contests: indices };
}

function readVoting(entry: unknown): Voting {
  const names = [
    "election_identifier",
    "union",
    "scrutineer",
    "opens",
    "closes",
    "record_due",
    "trustees",
    "smallest_unit",
    "device_information",
    "chaining_mode",
    "log?",
    "statutory?",
  ];
  const raw = members(entry, "voting", ...names);
  if (raw["chaining_mode"] !== "NoChaining") throw new EncryptorError("voting.chaining_mode: expected NoChaining");
  return {
    electionIdentifier: text(raw["election_identifier"], "voting.election_identifier"),
    union: text(raw["union"], "voting.union"),
    scrutineer: text(raw["scrutineer"], "voting.scrutineer"),
    opens: text(raw["opens"], "voting.opens"),
    closes: text(raw["closes"], "voting.closes"),
    deviceInformation: text(raw["device_information"], "voting.device_information"),
    statutory: raw["statutory"] === undefined ? null : readStatutory(raw["statutory"]),
  };
}

function readStatutory(entry: unknown): Statutory {
  const raw = members(entry, "statutory", "ballot_type", "section", "methods", "hierarchy?");
  const texts = (value: unknown, what: string): string[] => list(value, what).map((each) => text(each, what));
  return {
    ballotType: text(raw["ballot_type"], "statutory.ballot_type"),
    section: text(raw["section"], "statutory.section"),
    methods: texts(raw["methods"], "statutory.methods"),
    hierarchy: raw["hierarchy"] === undefined ? [] : texts(raw["hierarchy"], "statutory.hierarchy").map(readRoute),
  };
}

function readRoute(name: string): Route {
  const found = ROUTES.find((route) => route === name);
  if (!found) throw new EncryptorError("statutory.hierarchy: expected routes of votes");
  return found;
}
