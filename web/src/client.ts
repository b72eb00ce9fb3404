/** What the page asks the service for. Every answer that says whether a vote counted is told apart from every doubt about it. */

import type { Hashes } from "./parameters.ts";
import { after } from "./waiting.ts";

/** A ballot that the service knows. */
export type Listed = Readonly<{
  election_id: string;
  label: string;
  union: string;
  opens: string;
  closes: string;
  opened: boolean;
  closed: boolean;
}>;

/** Why the service did not do what it was asked. */
export type Refusal = "no access" | "not open" | "not valid" | "not new" | "too many" | "busy" | "full" | "unknown";

/** The service answered, and stored nothing. */
export class Refused extends Error {
  readonly why: Refusal;
  constructor(why: Refusal) {
    super(why);
    this.why = why;
  }
}

/** No answer came: whether anything was stored is not known. */
export class Unanswered extends Error {}

/** Milliseconds for an answer, and for each byte that is sent before it: 1 kB a second is slow, and still goes (CL-15). */
const TIMEOUT = 60_000;
const FOR_A_BYTE = 1;

/** Calls of one page, to its own site. */
/** `routes`: ways of voting, in words of the manifest; empty for a voter who has but one. `support`: how to get help, empty if not told. */
export type Form = Readonly<{ ballot_style: number; routes: readonly string[]; support: string }>;

export class Client {
  readonly #code: string;

  constructor(code = "") {
    this.#code = code;
  }

  /** All ballots. Throws Refused, Unanswered. */
  async elections(): Promise<readonly Listed[]> {
    return json<Listed[]>(await this.#text("GET", ""));
  }

  /** The public parts, as canonical JSON. Throws Refused, Unanswered. */
  publicParts(electionId: string): Promise<string> {
    return this.#text("GET", `/${electionId}`);
  }

  /** What the service says the hashes are. Throws Refused, Unanswered. */
  async hashes(electionId: string): Promise<Hashes> {
    return json<Hashes>(await this.#text("GET", `/${electionId}/hashes`));
  }

  /** What the code opens: a ballot style, and the routes of a voter who has several. Throws Refused, Unanswered. */
  async form(electionId: string): Promise<Form> {
    return json<Form>(await this.#text("POST", `/${electionId}/form`, "{}"));
  }

  /** Casts a vote: when this ends well, it is stored for good. The same ballot again changes nothing. Throws Refused, Unanswered. */
  async cast(electionId: string, ballot: string): Promise<void> {
    acknowledged(await this.#text("POST", `/${electionId}/votes`, ballot));
  }

  /** Hands in a ballot that was opened. Throws Refused, Unanswered. */
  async challenge(electionId: string, ballot: string, opening: string): Promise<void> {
    acknowledged(await this.#text("POST", `/${electionId}/challenged`, JSON.stringify({ ballot, opening })));
  }

  async #text(method: "GET" | "POST", path: string, body?: string): Promise<string> {
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(`/api/v1/elections${path}`, {
        method,
        ...(body === undefined ? {} : { body }),
        headers: {
          ...(this.#code ? { "Access-Code": this.#code } : {}),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        cache: "no-store",
        credentials: "omit",
        mode: "cors", // else a POST that tells no referrer says that it comes from nowhere, and is refused (Fetch, "append a request Origin header")
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal: after(TIMEOUT + FOR_A_BYTE * (body?.length ?? 0)),
      });
      text = await answer.text();
    } catch {
      throw new Unanswered();
    }
    if (answer.ok) return text;
    throw refusal(answer.status, text);
  }
}

/** An answer that is not JSON is not the service's: a filter on the way says something of its own, or the answer was cut. */
function json<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Unanswered();
  }
}

/** Only the service's own words say that something is stored: a status is not enough, which others give too, and browsers make up (CL-12). */
function acknowledged(text: string): void {
  if (json<{ received?: unknown } | null>(text)?.received !== true) throw new Unanswered();
}

const TITLES: Readonly<Record<string, Refusal>> = {
  "Access code not valid": "no access",
  "Voting is not open": "not open",
  "Ballot not new": "not new",
};

/** What a refusal says. A proxy's own error is no answer of the service's: then nothing is known. */
function refusal(status: number, text: string): Error {
  let title: unknown;
  try {
    title = (JSON.parse(text) as { title?: unknown }).title;
  } catch {
    return new Unanswered();
  }
  if (typeof title !== "string") return new Unanswered();
  if (status === 503) return new Refused("busy");
  if (status === 429) return new Refused("too many");
  if (status >= 500) return new Unanswered();
  return new Refused(
    TITLES[title] ?? (status === 422 || status === 400 || status === 413 ? "not valid" : status === 409 ? "full" : "unknown"),
  );
}
