/**
 * The encryptor as a page sees it: prepare an election, encrypt choices, open what was encrypted, forget.
 *
 * It lives in a worker. The page gets the ballot and its confirmation code; choices and nonces come out only by `open`, and then that ballot is
 * lost for casting: the page sends it as challenged.
 */

import { type Choices, type EncryptedBallot, encryptBallot, type Opening, openingText } from "./ballot.ts";
import { EncryptorError } from "./errors.ts";
import type { Random } from "./group.ts";
import { type Opened, recompute } from "./opening.ts";
import { type Election, type Hashes, readElection } from "./parameters.ts";
import type { Slip } from "./slip.ts";

export class Encryptor {
  readonly #random: Random;
  #election: Election | null = null;
  #opening: Opening | null = null;

  /** Throws EncryptorError if `random` is not a generator: it is tried first. */
  constructor(random: Random) {
    checkRandom(random);
    this.#random = random;
  }

  /** Reads the election and builds the tables, while the voter reads. Throws EncryptorError. */
  async prepare(publicParts: string, expected?: Hashes): Promise<void> {
    this.forget();
    this.#election = await readElection(publicParts, expected);
  }

  /** A fresh ballot. What was encrypted before can no longer be opened. Throws EncryptorError. */
  async encrypt(style: number, choices: Choices): Promise<EncryptedBallot> {
    if (!this.#election) throw new EncryptorError("the election is not prepared");
    this.forget();
    const { ballot, opening } = await encryptBallot(this.#election, style, choices, this.#random);
    this.#opening = opening;
    return ballot;
  }

  /** The opening of the last ballot, once. Throws EncryptorError if there is none. */
  open(): string {
    if (!this.#opening) throw new EncryptorError("there is no ballot to open");
    const text = openingText(this.#opening);
    this.forget();
    return text;
  }

  /** What another device had locked, as its slip says. Throws EncryptorError. */
  async recompute(slip: Slip): Promise<Opened> {
    if (!this.#election) throw new EncryptorError("the election is not prepared");
    return recompute(slip, this.#election);
  }

  /** Erases what could open the last ballot: it was cast, or given up. */
  forget(): void {
    this.#opening?.ballotNonce.fill(0);
    this.#opening = null;
  }
}

/** That a generator fills all it is given, never twice with the same, and not with what is easily recognised as no randomness (CL-16). */
function checkRandom(random: Random): void {
  const drawn = Array.from({ length: 4 }, () => {
    const bytes = new Uint8Array(64);
    random(bytes);
    return bytes;
  });
  const different = new Set(drawn.map(String)).size === drawn.length;
  const varied = drawn.every((bytes) => new Set(bytes).size > 32); // of 64 bytes; fewer come once in 10^19 draws
  if (!different || !varied) throw new EncryptorError("the browser's random numbers are not random");
}
