/** What a voter has before the vote is cast: all of it in memory, nowhere else, and gone when the vote is cast or left. */

import type { Client } from "../../client.ts";
import type { Contest, Manifest, Route } from "../../manifest.ts";
import type { EncryptedBallot } from "../../ballot.ts";

export class Sheet {
  readonly client: Client;
  readonly electionId: string;
  manifest: Manifest;
  readonly style: number;
  contests: readonly Contest[];
  /** The routes by which this voter may vote, if several, the one that always counts first. */
  readonly ranked: readonly Route[];
  /** How to get help, as the scrutineer says it; empty if nothing was said. */
  readonly support: string;
  /** A number for each option of each contest, once its question was answered or passed over. */
  answers: (readonly number[] | null)[];
  /** What is filled in of each question that is not answered yet, valid or not: another language, or a warning, erases nothing. */
  readonly typed = new Map<number, readonly string[]>();
  /** The ballot that was encrypted and not cast yet; when it is sent, it stays here until its answer has come. */
  ballot: EncryptedBallot | null = null;
  /** Whether the ballot was sent, and it is not known yet what became of it. */
  sent = false;
  /** Counts up with every answer: what was encrypted of an earlier version is not this vote. */
  version = 0;
  /** The version that is being encrypted at this moment, if any. */
  encrypting: number | null = null;

  constructor(
    client: Client,
    electionId: string,
    manifest: Manifest,
    style: number,
    contests: readonly Contest[],
    ranked: readonly Route[],
    support: string,
  ) {
    this.client = client;
    this.electionId = electionId;
    this.manifest = manifest;
    this.style = style;
    this.contests = contests;
    this.ranked = ranked;
    this.support = support;
    this.answers = contests.map(() => null);
  }

  /** The first question without an answer, or none. */
  get next(): number | null {
    const at = this.answers.indexOf(null);
    return at < 0 ? null : at;
  }

  /** Answers a question. A ballot of earlier answers is gone. */
  answer(position: number, choices: readonly number[]): void {
    this.answers[position] = choices;
    this.typed.delete(position);
    this.drop();
  }

  /** Gives up the ballot that was encrypted; the next one is fresh. */
  drop(): void {
    this.version += 1;
    this.ballot = null;
  }

  /** Empties it: a browser may keep what was on the page for a while, and with it this sheet. */
  wipe(): void {
    this.drop();
    this.answers = [];
    this.typed.clear();
    this.contests = [];
    this.manifest = { ...this.manifest, content: new Uint8Array(), contests: [], ballotStyles: [] };
  }
}
