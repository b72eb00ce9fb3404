/** The page's side of the worker: a call for each thing that it does. */

import type { Choices, EncryptedBallot } from "./ballot.ts";
import { EncryptorError } from "./errors.ts";
import type { Answer, Asked, Question } from "./messages.ts";
import type { Opened } from "./opening.ts";
import type { Hashes } from "./parameters.ts";
import type { Slip } from "./slip.ts";

/** The worker has stopped, or never started: nothing can be asked of it any more. */
export class WorkerLost extends EncryptorError {}

export class WorkerClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  #number = 0;
  #lost: string | null = null;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      const asked = this.#waiting.get(data.number);
      this.#waiting.delete(data.number);
      if (data.failed === undefined) asked?.resolve(data);
      else asked?.reject(new EncryptorError(data.failed));
    });
    const lost = (): void => this.#fail("the part of the page that protects votes has stopped");
    worker.addEventListener("error", lost);
    worker.addEventListener("messageerror", lost);
  }

  /** See `Encryptor`. Each rejects with EncryptorError. */
  async prepare(publicParts: string, expected?: Hashes): Promise<void> {
    await this.#ask({ what: "prepare", publicParts, ...(expected ? { expected } : {}) });
  }

  async encrypt(style: number, choices: Choices): Promise<EncryptedBallot> {
    return (await this.#ask({ what: "encrypt", style, choices })).answer as EncryptedBallot;
  }

  async open(): Promise<string> {
    return (await this.#ask({ what: "open" })).answer as string;
  }

  async recompute(slip: Slip): Promise<Opened> {
    return (await this.#ask({ what: "recompute", slip })).answer as Opened;
  }

  async forget(): Promise<void> {
    await this.#ask({ what: "forget" });
  }

  /** Ends the worker, with all that it held. */
  end(): void {
    this.#worker.terminate();
    this.#fail("the page was left");
  }

  #ask(ask: Asked): Promise<Answer> {
    if (this.#lost !== null) return Promise.reject(new WorkerLost(this.#lost));
    this.#number += 1;
    const number = this.#number;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#worker.postMessage({ number, ask } satisfies Question);
    });
  }

  #fail(why: string): void {
    this.#lost = why;
    for (const { reject } of this.#waiting.values()) reject(new WorkerLost(why));
    this.#waiting.clear();
  }
}
