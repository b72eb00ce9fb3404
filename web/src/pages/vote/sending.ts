/**
 * A vote on its way: the same bytes are sent until it is known what became of them. However often they arrive, they are one vote.
 *
 * A refusal is believed at once as long as every request was answered. After one that was not, an earlier request may still be at work when a
 * later one is refused: then it is asked once more, a while later, before anybody is told that nothing was stored.
 */

import { type Refusal, Refused } from "../../client.ts";

/** Seconds until it is tried again by itself, the last of them over and over, or at once when somebody asks for it. */
const AGAIN = [2, 5, 10, 20];
/** Seconds in which a request that was not answered has come to its end. */
const SETTLED = 10;

/** What there is to tell meanwhile: it is on its way; the service was busy, and has nothing; nothing is known, and one can try or must wait. */
export type Progress = "sending" | "busy" | "lost" | "settling";

export class Sending {
  readonly #cast: () => Promise<void>;
  readonly #tell: (progress: Progress, again: () => void) => void;

  constructor(cast: () => Promise<void>, tell: (progress: Progress, again: () => void) => void) {
    this.#cast = cast;
    this.#tell = tell;
  }

  /** Null when the vote is received; else why it was refused, and nothing was stored. */
  async done(): Promise<Refusal | null> {
    let doubt = false;
    let refused = false;
    for (let attempt = 0; ; attempt++) {
      this.#tell("sending", () => {});
      try {
        await this.#cast();
        return null;
      } catch (error) {
        const why = error instanceof Refused ? error.why : "unanswered";
        if (why !== "busy" && why !== "too many" && why !== "unknown" && why !== "unanswered") {
          if (!doubt || refused) return why;
          refused = true;
          await this.#pause("settling", SETTLED);
          continue;
        }
        refused = false;
        doubt ||= why !== "busy";
        await this.#pause(doubt ? "lost" : "busy", AGAIN[Math.min(attempt, AGAIN.length - 1)]!);
      }
    }
  }

  #pause(progress: Progress, seconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 1000 * seconds);
      const again = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#tell(progress, progress === "settling" ? () => {} : again);
    });
  }
}
