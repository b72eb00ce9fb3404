/** What page and worker say to each other. */

import type { Choices, EncryptedBallot } from "./ballot.ts";
import type { Opened } from "./opening.ts";
import type { Hashes } from "./parameters.ts";
import type { Slip } from "./slip.ts";

export type Asked =
  | { what: "prepare"; publicParts: string; expected?: Hashes }
  | { what: "encrypt"; style: number; choices: Choices }
  | { what: "open" }
  | { what: "recompute"; slip: Slip }
  | { what: "forget" };

export type Question = { number: number; ask: Asked };

export type Answer = { number: number; answer?: null | string | EncryptedBallot | Opened; failed?: string };
