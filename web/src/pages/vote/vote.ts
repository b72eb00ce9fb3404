/**
 * The voter's way: code, ballot, questions, answers, cast. Six screens for a ballot of one question, and one press casts.
 *
 * Everything that a voter has chosen is in the sheet. What is shown is drawn from it, and drawn again in another language; the browser's history
 * holds places and no choices.
 */

import { readCode } from "../../access_code.ts";
import { Client, type Listed, type Refusal, Refused, Unanswered } from "../../client.ts";
import { contestsOf, rankedOf } from "../../manifest.ts";
import { manifestOf } from "../../parameters.ts";
import type { Key, Language, Words } from "../../words/words.ts";
import { type WorkerClient, WorkerLost } from "../../worker_client.ts";
import { button } from "../parts.ts";
import { type Screen, Shell } from "../shell.ts";
import { checkScreen } from "./check_vote.ts";
import { Idle } from "./idle.ts";
import { readQuestion, type Wrong } from "./question.ts";
import * as screens from "./screens.ts";
import { Sending } from "./sending.ts";
import { Sheet } from "./sheet.ts";

/** Where somebody is. */
type Place = { at: "code" | "about" | "answers" | "cast" | "end" } | { at: "question"; position: number };

export class Vote {
  readonly #shell: Shell;
  readonly #worker: WorkerClient;
  readonly #idle: Idle;
  #listed: readonly Listed[] = [];
  #code = "";
  #election: Listed | null = null;
  #sheet: Sheet | null = null;
  #draw: () => void = () => {};
  #over = false;
  /** Counts up with every way between screens: what was asked for before is not shown over what is there now. */
  #visit = 0;

  constructor(language: Language, worker: WorkerClient) {
    this.#worker = worker;
    this.#shell = new Shell(
      language,
      () => this.#draw(),
      () => this.#end("leftTitle", "leftText"),
    );
    this.#idle = new Idle(
      (minutes) => this.#warn(minutes),
      () => this.#end("timedOutTitle", "timedOutText"),
    );
    addEventListener("popstate", ({ state }: PopStateEvent) => this.#returned(state as Place | null));
    addEventListener("hashchange", () => this.#linkOpened());
    addEventListener("beforeunload", (event) => {
      if (this.#sheet?.sent) event.preventDefault(); // what became of the vote is not known yet
    });
    addEventListener("pageshow", (event) => (event as PageTransitionEvent).persisted && location.reload());
  }

  // To the ballot

  /** Begins with the code of the link's fragment, which is gone from the address before anything is asked for (CL-07). */
  async begin(reference: string, fragment: string): Promise<void> {
    history.replaceState({ at: "code" } satisfies Place, "", location.pathname);
    this.#wait("loading");
    try {
      this.#listed = await new Client().elections();
    } catch (error) {
      this.#failed(error, () => void this.begin(reference, fragment));
      return;
    }
    if (this.#over) return;
    const named = this.#listed.filter(({ election_id }) => reference !== "" && election_id.startsWith(reference));
    this.#listed = named.length ? named : this.#listed.filter(({ closed }) => !closed);
    this.#election = this.#listed.length === 1 ? this.#listed[0]! : null;
    if (this.#listed.length === 0) this.#message("noBallots", "noBallotsText");
    else if (fragment) this.#typed(fragment);
    else this.#askCode();
  }

  /** A link with a code that is opened where the page is already shown. */
  #linkOpened(): void {
    const fragment = fragmentOf(location.hash);
    history.replaceState(history.state, "", location.pathname);
    if (fragment && !this.#sheet && !this.#over) void this.begin(referenceOf(location.pathname), fragment);
  }

  #askCode(typed = "", wrong: screens.CodeWrong | null = null): void {
    const keep = (now: string): void => void (typed = now);
    this.#screen((words) => screens.codeScreen(words, typed, wrong, keep, (code) => this.#typed(code)));
  }

  #typed(typed: string): void {
    const read = readCode(typed);
    if ("problem" in read) {
      this.#askCode(typed, read);
      return;
    }
    this.#code = read.code;
    if (this.#election) void this.#openForm(this.#election);
    else this.#choose(false);
  }

  #choose(wrong: boolean): void {
    const chosen = (at: number | null): void => {
      if (at === null) this.#choose(true);
      else void this.#openForm(this.#listed[at]!);
    };
    this.#screen((words) => screens.chooseScreen(words, this.#listed, wrong, chosen, () => this.#askCode()));
  }

  async #openForm(election: Listed): Promise<void> {
    this.#wait("loading");
    const code = this.#code;
    const client = new Client(code);
    try {
      const { ballot_style: style, routes, support } = await client.form(election.election_id);
      const [parts, hashes] = await Promise.all([client.publicParts(election.election_id), client.hashes(election.election_id)]);
      if (this.#over) return;
      const manifest = manifestOf(parts);
      this.#sheet = new Sheet(
        client,
        election.election_id,
        manifest,
        style,
        contestsOf(manifest, style),
        rankedOf(manifest, routes),
        support,
      );
      this.#code = "";
      this.#worker.prepare(parts, hashes).catch((error: unknown) => this.#unfit(error));
      this.#idle.start();
      this.#go({ at: "about" }, true);
    } catch (error) {
      if (error instanceof Refused && error.why === "no access") this.#askCode(code, { problem: "refused", length: 0 });
      else if (error instanceof Refused && error.why === "not open") this.#closed(election);
      else this.#failed(error, () => void this.#openForm(election));
    }
  }

  // Questions

  #question(sheet: Sheet, position: number, wrong: Wrong | null = null): void {
    const skip = (): void => this.#answered(sheet, position, sheet.contests[position]!.options.map(() => 0)); // prettier-ignore
    const submit = (asked: HTMLFormElement): void => this.#submitted(sheet, position, asked);
    this.#screen((words) => screens.questionScreen(words, sheet, position, wrong, submit, skip, this.#back));
  }

  #submitted(sheet: Sheet, position: number, asked: HTMLFormElement): void {
    const read = readQuestion(sheet.contests[position]!, asked);
    if ("say" in read) this.#question(sheet, position, read);
    else if (read.choices.some((each) => each > 0)) this.#answered(sheet, position, read.choices);
    else this.#question(sheet, position, { field: "option-1", say: (words) => words.say("questionEmpty") });
  }

  #answered(sheet: Sheet, position: number, choices: readonly number[]): void {
    sheet.answer(position, choices);
    const next = sheet.next;
    this.#go(next === null ? { at: "answers" } : { at: "question", position: next });
  }

  #answers(sheet: Sheet): void {
    const change = (position: number): void => this.#go({ at: "question", position });
    this.#screen((words) => screens.answersScreen(words, sheet, change, () => this.#go({ at: "cast" }), this.#back)); // prettier-ignore
  }

  // Cast or check

  /** Encrypts what is answered now; a ballot of earlier answers is never shown, and never sent. */
  async #encrypt(sheet: Sheet): Promise<void> {
    const { version } = sheet;
    if (sheet.encrypting === version) return;
    sheet.encrypting = version;
    try {
      const ballot = await this.#worker.encrypt(sheet.style, sheet.answers.map((each) => each!)); // prettier-ignore
      if (sheet.version !== version || this.#over) return;
      sheet.ballot = ballot;
      if ((history.state as Place | null)?.at === "cast") this.#cast(sheet);
    } catch (error) {
      this.#unfit(error);
    } finally {
      if (sheet.encrypting === version) sheet.encrypting = null;
    }
  }

  #cast(sheet: Sheet): void {
    if (sheet.ballot) {
      const cast = (): void => void this.#send(sheet);
      const check = (): void => void this.#check(sheet);
      this.#screen((words) => screens.castScreen(words, sheet.ballot?.confirmationCode ?? "", cast, check, this.#back));
    } else {
      this.#wait("castTitle", "castWait");
      void this.#encrypt(sheet);
    }
  }

  async #send(sheet: Sheet): Promise<void> {
    if (sheet.sent || !sheet.ballot) return; // pressed twice
    sheet.sent = true;
    this.#visit += 1;
    this.#idle.stop();
    this.#shell.leaving = false;
    const sending = new Sending(
      () => sheet.client.cast(sheet.electionId, sheet.ballot!.text),
      (progress, again) => {
        if (progress === "sending") this.#wait("castTitle", "castSending");
        else if (progress === "busy") this.#message("busyTitle", "busyText", "lostRetry", again);
        else if (progress === "lost") this.#message("lostTitle", "lostText", "lostRetry", again);
        else this.#wait("lostTitle", "lostWait");
      },
    );
    const refused = await sending.done();
    sheet.sent = false;
    this.#shell.leaving = true;
    if (refused) this.#refused(sheet, refused);
    else {
      this.#erase();
      this.#screen((words) => screens.receivedScreen(words));
    }
  }

  /** Nothing was stored. */
  #refused(sheet: Sheet, why: Refusal): void {
    if (why === "not open") this.#closed(sheet.manifest.voting);
    else if (why === "no access") this.#end("refusedTitle", "refusedCode");
    else {
      sheet.drop();
      this.#idle.start();
      this.#message("refusedTitle", "refusedInvalid", "back", this.#toAnswers);
    }
  }

  /** Opens the ballot, which can never be cast from now on, and shows what the other device needs. */
  async #check(sheet: Sheet): Promise<void> {
    const { ballot } = sheet;
    if (!ballot) return; // pressed twice
    sheet.drop();
    this.#visit += 1;
    const visit = this.#visit;
    this.#wait("checkTitle", "checkWait");
    let opening: string;
    try {
      opening = await this.#worker.open();
    } catch (error) {
      this.#unfit(error);
      return;
    }
    let note: Key = "checkNotSecret";
    try {
      await sheet.client.challenge(sheet.electionId, ballot.text, opening);
    } catch (error) {
      const why = error instanceof Refused ? error.why : "unknown";
      if (this.#visit === visit && (why === "not open" || why === "no access")) {
        this.#refused(sheet, why);
        return;
      }
      note = why === "not valid" ? "checkAltered" : why === "full" ? "checkFull" : "checkLost";
    }
    // Whatever the service says, the other device can tell what was locked. Unless the voter has gone on meanwhile.
    if (this.#visit === visit) this.#screen((words) => checkScreen(words, sheet.electionId, ballot, opening, note, this.#toAnswers));
  }

  // Ways between screens. What buttons do is bound to the page and the sheet alone: a browser may keep a button that is gone.

  readonly #back = (): void => history.back();
  readonly #toAnswers = (): void => this.#go({ at: "answers" }, true);

  #go(place: Place, replace = false): void {
    if (replace) history.replaceState(place, "", location.pathname);
    else history.pushState(place, "", location.pathname);
    this.#show(place);
  }

  /** The browser's own Back and Forward. While a vote is on its way, and after the end, they lead nowhere. */
  #returned(place: Place | null): void {
    if (this.#sheet?.sent) history.pushState({ at: "end" } satisfies Place, "", location.pathname);
    if (this.#over || this.#sheet?.sent) this.#draw();
    else if (place) this.#show(place);
  }

  #show(place: Place): void {
    const sheet = this.#sheet;
    this.#visit += 1;
    if (this.#idle.warned) this.#idle.start(); // somebody is there
    if (!sheet) this.#askCode();
    else if (place.at === "question") this.#question(sheet, place.position);
    else if (place.at === "answers" && sheet.next === null) this.#answers(sheet);
    else if (place.at === "cast" && sheet.next === null) this.#cast(sheet);
    else this.#screen((words) => screens.aboutScreen(words, sheet, () => this.#go({ at: "question", position: 0 })));
  }

  /** Draws a screen, now and whenever the language changes. */
  #screen(make: (words: Words) => Screen): void {
    this.#draw = () => this.#shell.show(make(this.#shell.words));
    this.#draw();
  }

  #wait(title: Key, text: Key = title): void {
    this.#screen((words) => screens.messageScreen(words, title, text === title ? [] : [words.say(text)]));
    this.#shell.say(this.#shell.words.say(text));
  }

  #message(title: Key, text: Key, action?: Key, press?: () => void): void {
    this.#screen((words) => screens.messageScreen(words, title, [words.say(text)], action && press && button(words.say(action), press)));
  }

  // Ends

  #failed(error: unknown, again: () => void): void {
    if (this.#over) return;
    if (error instanceof Refused && error.why === "too many") this.#message("tooManyTitle", "tooManyText", "lostRetry", again);
    else if (error instanceof Refused || error instanceof Unanswered) this.#message("offlineTitle", "offlineText", "lostRetry", again);
    else this.#unfit(error);
  }

  /** The worker has stopped, or what the service has told does not fit together. */
  #unfit(error: unknown): void {
    if (error instanceof WorkerLost) this.#end("brokenTitle", "brokenText");
    else this.#end("alteredTitle", "alteredText");
  }

  #closed({ opens, closes }: Readonly<{ opens: string; closes: string }>): void {
    this.#erase();
    this.#screen((words) => {
      const text = words.say("closedText", { opens: words.moment(opens), closes: words.moment(closes) });
      return screens.messageScreen(words, "closedTitle", [text], button(words.say("lostRetry"), () => location.reload())); // prettier-ignore
    });
  }

  /** The end, with nothing stored. What was still at work has stopped then, and ends nothing a second time. */
  #end(title: Key, text: Key): void {
    if (this.#over || this.#sheet?.sent) return;
    this.#erase();
    this.#message(title, text, "startAgain", () => location.reload());
  }

  #warn(minutes: number): void {
    const before = this.#draw;
    const stay = (): void => {
      this.#idle.start();
      this.#draw = before;
      before();
    };
    this.#screen((words) =>
      screens.messageScreen(words, "timeoutTitle", [words.count("timeoutText", minutes)], button(words.say("timeoutStay"), stay)),
    );
  }

  /** Nothing of the vote is left: not in memory, not in the worker, not in the history (CL-06). */
  #erase(): void {
    this.#over = true;
    this.#visit += 1;
    this.#shell.leaving = false;
    this.#idle.stop();
    this.#worker.end();
    this.#sheet?.wipe();
    this.#sheet = null;
    this.#election = null;
    this.#code = "";
    this.#listed = [];
    history.replaceState({ at: "end" } satisfies Place, "", location.pathname);
  }
}

/** The first digits of the ballot's identifier that an address names, or nothing. */
export function referenceOf(path: string): string {
  return /^\/vote\/([0-9a-f]{16})$/.exec(path)?.[1] ?? "";
}

/** What stands behind the # of an address, as it was written. */
export function fragmentOf(hash: string): string {
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return hash.slice(1);
  }
}
