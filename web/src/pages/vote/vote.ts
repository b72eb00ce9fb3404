/**
 * The voter's way: code, ballot, questions, answers, cast. Six screens for a ballot of one question, and one press casts.
 *
 * Until the answer to a cast has come nothing else can be done with the vote, and the same bytes are sent again: exactly one ballot, or a
 * truthful "nothing was stored".
 */

import { type CodeProblem, readCode } from "../../access_code.ts";
import { Client, type Listed, Refused, Unanswered } from "../../client.ts";
import { shownCode } from "../../confirmation.ts";
import { bytes, members, parse } from "../../encoding.ts";
import { contestsOf, readManifest } from "../../manifest.ts";
import type { WorkerClient } from "../../worker_client.ts";
import type { Key, Language } from "../../words/words.ts";
import { type Child, h, p } from "../dom.ts";
import { button, codeShown, errorMessage, errorSummary, form, submitButton, summaryList } from "../parts.ts";
import { Shell } from "../shell.ts";
import { checkScreen } from "./check_vote.ts";
import { Idle } from "./idle.ts";
import { answerInWords, questionFields, readQuestion } from "./question.ts";
import { Sheet } from "./sheet.ts";

/** Where somebody is; no choice and no code is ever in it, for the browser keeps it in its history. */
type Place = { at: "code" | "choose" | "about" | "answers" | "cast" | "check" | "end" } | { at: "question"; position: number };

/** Seconds between attempts to send, when the service is busy or does not answer. */
const AGAIN = [2, 5, 10, 20];

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

  constructor(language: Language, worker: WorkerClient) {
    this.#worker = worker;
    this.#shell = new Shell(
      language,
      () => this.#draw(),
      () => this.#leave(),
    );
    this.#idle = new Idle(
      (minutes) => this.#warn(minutes),
      () => this.#end("timedOutTitle", "timedOutText"),
    );
    addEventListener("popstate", ({ state }: PopStateEvent) => this.#returned(state as Place | null));
    addEventListener("hashchange", () => this.#linkOpened());
    addEventListener("beforeunload", (event) => {
      if (this.#sheet?.sent && !this.#over) event.preventDefault(); // what became of the vote is not known yet
    });
    addEventListener("pageshow", (event) => (event as PageTransitionEvent).persisted && location.reload());
  }

  /** Begins with the code of the link's fragment, which is gone from the address before anything is asked for (CL-07). */
  async begin(reference: string, fragment: string): Promise<void> {
    history.replaceState({ at: "code" } satisfies Place, "", location.pathname);
    this.#loading();
    try {
      this.#listed = await new Client().elections();
    } catch (error) {
      this.#failed(error, () => void this.begin(reference, fragment));
      return;
    }
    const named = this.#listed.filter(({ election_id }) => reference !== "" && election_id.startsWith(reference));
    const possible = named.length ? named : this.#listed.filter(({ closed }) => !closed);
    if (possible.length === 0) {
      this.#message("noBallots", "noBallotsText");
      return;
    }
    this.#listed = possible;
    this.#election = possible.length === 1 ? possible[0]! : null;
    const read = fragment ? readCode(fragment) : null;
    if (read && "code" in read && this.#election) {
      this.#code = read.code;
      await this.#openForm();
    } else this.#codeScreen(fragment, read && "problem" in read ? this.#codeProblem(read.problem, read.length) : null);
  }

  /** A link with a code that is opened where the page is already shown. */
  #linkOpened(): void {
    const fragment = decodeURIComponent(location.hash.slice(1));
    history.replaceState(history.state, "", location.pathname);
    if (fragment && !this.#sheet && !this.#over) void this.begin(referenceOf(location.pathname), fragment);
  }

  // Screens

  #codeScreen(typed = "", error: string | null = null): void {
    this.#screen(() => {
      const { words } = this.#shell;
      const input = h("input", {
        class: error ? "govuk-input govuk-input--error psephos-code-input" : "govuk-input psephos-code-input",
        id: "code",
        name: "code",
        type: "text",
        autocomplete: "off",
        autocapitalize: "characters",
        spellcheck: "false",
        "aria-describedby": error ? "code-hint code-error" : "code-hint",
      });
      input.value = typed;
      const submit = (): void => {
        typed = input.value;
        const read = readCode(typed);
        if ("problem" in read) {
          this.#codeScreen(typed, this.#codeProblem(read.problem, read.length));
          return;
        }
        this.#code = read.code;
        if (this.#election) void this.#openForm();
        else this.#chooseScreen();
      };
      const group = h(
        "div",
        { class: error ? "govuk-form-group govuk-form-group--error" : "govuk-form-group" },
        h("label", { class: "govuk-label", for: "code" }, words.say("codeLabel")),
        h("div", { class: "govuk-hint", id: "code-hint" }, words.say("codeHint")),
        error && errorMessage(words, "code-error", error),
        input,
      );
      const summary = error && errorSummary(words, [["code", error]]);
      this.#shell.show({
        title: words.say("codeTitle"),
        error: Boolean(error),
        body: [summary, form(submit, group, submitButton(words.say("continue")))],
      });
    });
  }

  #codeProblem(problem: CodeProblem, length: number): string {
    const { words } = this.#shell;
    if (problem === "length") return words.count("codeLength", length);
    return words.say(problem === "empty" ? "codeEmpty" : problem === "character" ? "codeCharacter" : "codeMistyped");
  }

  #chooseScreen(error: string | null = null): void {
    this.#screen(() => {
      const { words } = this.#shell;
      const items = this.#listed.map((listed, at) =>
        h(
          "div",
          { class: "govuk-radios__item" },
          h("input", { class: "govuk-radios__input", id: `ballot-${at}`, name: "ballot", type: "radio", value: String(at) }),
          h("label", { class: "govuk-label govuk-radios__label", for: `ballot-${at}` }, `${listed.label} (${listed.union})`),
        ),
      );
      const fields = h(
        "fieldset",
        { class: "govuk-fieldset", "aria-labelledby": "heading", "aria-describedby": error ? "choose-error" : false },
        error && errorMessage(words, "choose-error", error),
        h("div", { class: "govuk-radios" }, ...items),
      );
      const submit = (): void => {
        const chosen = document.querySelector<HTMLInputElement>("input[name=ballot]:checked");
        if (!chosen) {
          this.#chooseScreen(words.say("chooseEmpty"));
          return;
        }
        this.#election = this.#listed[Number(chosen.value)]!;
        void this.#openForm();
      };
      const summary = error && errorSummary(words, [["ballot-0", error]]);
      const group = h("div", { class: error ? "govuk-form-group govuk-form-group--error" : "govuk-form-group" }, fields);
      const body = [summary, form(submit, group, submitButton(words.say("continue")))];
      this.#shell.show({ title: words.say("chooseTitle"), error: Boolean(error), back: () => this.#codeScreen(), body });
    });
  }

  async #openForm(): Promise<void> {
    this.#loading();
    const election = this.#election!;
    const client = new Client(this.#code);
    try {
      const style = await client.ballotStyle(election.election_id);
      const [parts, hashes] = await Promise.all([client.publicParts(election.election_id), client.hashes(election.election_id)]);
      const names = ["manifest", "guardian_count", "quorum", "vote_encryption_key", "ballot_data_encryption_key"];
      const manifest = readManifest(bytes(members(parse(parts, "election"), "election", ...names)["manifest"], "election.manifest"));
      this.#worker.prepare(parts, hashes).catch(() => this.#end("brokenTitle", "brokenText"));
      this.#code = "";
      this.#sheet = new Sheet(client, election.election_id, manifest, style, contestsOf(manifest, style));
      this.#idle.start();
      this.#go({ at: "about" }, true);
    } catch (error) {
      if (error instanceof Refused && error.why === "no access") this.#codeScreen("", this.#shell.words.say("codeRefused"));
      else this.#failed(error, () => void this.#openForm());
    }
  }

  #about(sheet: Sheet): void {
    const { words } = this.#shell;
    const { voting, label } = sheet.manifest;
    this.#shell.show({
      title: words.say("aboutTitle"),
      body: [
        summaryList([
          [words.say("aboutLabel"), label],
          [words.say("aboutUnion"), voting.union],
          [words.say("aboutScrutineer"), voting.scrutineer],
          [words.say("aboutCloses"), words.moment(voting.closes)],
        ]),
        p(words.count("aboutSteps", sheet.contests.length)),
        p(words.say("aboutOnce")),
        p(words.say("aboutHelp")),
        button(words.say("aboutStart"), () => this.#go({ at: "question", position: 0 })),
      ],
    });
  }

  #question(
    sheet: Sheet,
    position: number,
    error: readonly [field: string, text: string] | null = null,
    shown: readonly number[] | null = null,
  ): void {
    this.#screen(() => {
      const { words } = this.#shell;
      const contest = sheet.contests[position]!;
      const fields = questionFields(words, contest, shown ?? sheet.answers[position]!, error && error[1]);
      const asked = form(
        () => this.#submitted(sheet, position, asked),
        fields,
        h(
          "div",
          { class: "govuk-button-group" },
          submitButton(words.say("continue")),
          error?.[1] === words.say("questionEmpty") &&
            button(
              words.say("questionSkip"),
              () =>
                this.#answered(
                  sheet,
                  position,
                  sheet.contests[position]!.options.map(() => 0),
                ),
              "secondary",
            ),
        ),
      );
      const caption = words.say("questionNumber", { number: position + 1, count: sheet.contests.length });
      const summary = error && errorSummary(words, [error]);
      this.#shell.show({ title: contest.label, caption, error: Boolean(error), back: () => history.back(), body: [summary, asked] });
    });
  }

  #submitted(sheet: Sheet, position: number, asked: HTMLFormElement): void {
    const { words } = this.#shell;
    const read = readQuestion(words, sheet.contests[position]!, asked);
    if ("error" in read) this.#question(sheet, position, [read.field, read.error], this.#typed(asked, sheet, position));
    else if (read.choices.every((each) => each === 0)) this.#question(sheet, position, ["option-1", words.say("questionEmpty")]);
    else this.#answered(sheet, position, read.choices);
  }

  /** What was filled in so far, valid or not, so that an error erases nothing. */
  #typed(asked: HTMLFormElement, sheet: Sheet, position: number): readonly number[] {
    return sheet.contests[position]!.options.map(({ index }) => {
      const input = asked.querySelector<HTMLInputElement>(`#option-${index}`)!;
      return input.type === "text" ? Number(input.value) || 0 : input.checked ? 1 : 0;
    });
  }

  #answered(sheet: Sheet, position: number, choices: readonly number[]): void {
    sheet.answers[position] = choices;
    sheet.ballot = null;
    const next = sheet.next;
    this.#go(next === null ? { at: "answers" } : { at: "question", position: next });
  }

  #answers(sheet: Sheet): void {
    const { words } = this.#shell;
    const rows = sheet.contests.map((contest, position) => {
      const change = h(
        "a",
        { class: "govuk-link", href: "#change" },
        words.say("answersChange"),
        h("span", { class: "govuk-visually-hidden" }, ` ${words.say("answersChangeOf", { question: contest.label })}`),
      );
      change.addEventListener("click", (event) => {
        event.preventDefault();
        this.#go({ at: "question", position });
      });
      return [contest.label, h("div", {}, ...answerInWords(words, contest, sheet.answers[position]!)), change] as const;
    });
    const body = [summaryList(rows), p(words.say("answersText")), button(words.say("continue"), () => this.#go({ at: "cast" }))];
    this.#shell.show({ title: words.say("answersTitle"), back: () => history.back(), body });
  }

  #cast(sheet: Sheet): void {
    const { words } = this.#shell;
    if (!sheet.ballot) {
      this.#wait("castTitle", "castWait");
      this.#worker
        .encrypt(
          sheet.style,
          sheet.answers.map((each) => each!),
        )
        .then(
          (ballot) => {
            sheet.ballot = ballot;
            if (history.state?.at === "cast" && this.#sheet === sheet) this.#draw();
          },
          () => this.#end("brokenTitle", "brokenText"),
        );
      return;
    }
    const choice = (title: Key, text: Key, press: () => void): HTMLElement =>
      h(
        "div",
        { class: "psephos-choice" },
        h("p", { class: "govuk-body", id: text }, words.say(text)),
        described(button(words.say(title), press), text),
      );
    this.#shell.show({
      title: words.say("castTitle"),
      back: () => history.back(),
      body: [
        h("div", { class: "govuk-inset-text" }, words.say("castNotYet")),
        h("h2", { class: "govuk-heading-m" }, words.say("castCode")),
        codeShown(shownCode(sheet.ballot.confirmationCode)),
        p(words.say("castCodeText")),
        h(
          "div",
          { class: "psephos-choices" },
          choice("castNow", "castNowText", () => void this.#send(sheet)),
          choice("castCheck", "castCheckText", () => this.#go({ at: "check" })),
        ),
      ],
    });
  }

  async #send(sheet: Sheet, attempt = 0): Promise<void> {
    if (sheet.sent && attempt === 0) return; // pressed twice
    sheet.sent = true;
    this.#idle.stop();
    this.#screen(() => this.#wait("castTitle", "castSending"));
    try {
      await sheet.client.cast(sheet.electionId, sheet.ballot!.text);
      this.#received();
    } catch (error) {
      if (error instanceof Refused && error.why !== "busy" && error.why !== "unknown") this.#refused(sheet, error);
      else this.#again(sheet, attempt + 1, error instanceof Refused && error.why === "busy");
    }
  }

  /** The same bytes once more, by itself after a while or when somebody asks for it: whatever came of them before, it is one vote. */
  #again(sheet: Sheet, attempt: number, busy: boolean): void {
    const seconds = AGAIN[attempt - 1];
    const timer = seconds === undefined ? 0 : window.setTimeout(() => void this.#send(sheet, attempt), 1000 * seconds);
    this.#screen(() => {
      const { words } = this.#shell;
      const retry = button(words.say("lostRetry"), () => {
        clearTimeout(timer);
        void this.#send(sheet, seconds === undefined ? 1 : attempt);
      });
      this.#shell.show({ title: words.say(busy ? "busyTitle" : "lostTitle"), body: [p(words.say(busy ? "busyText" : "lostText")), retry] });
    });
  }

  #refused(sheet: Sheet, { why }: Refused): void {
    if (why === "not open") this.#closed(sheet.manifest.voting.opens, sheet.manifest.voting.closes);
    else if (why === "no access") this.#end("refusedTitle", "refusedCode");
    else {
      sheet.sent = false;
      sheet.ballot = null;
      this.#idle.start();
      this.#message(
        "refusedTitle",
        "refusedInvalid",
        button(this.#shell.words.say("back"), () => this.#go({ at: "answers" }, true)),
      );
    }
  }

  #received(): void {
    this.#erase();
    this.#screen(() => {
      const { words } = this.#shell;
      this.#shell.show({
        title: words.say("receivedTitle"),
        done: true,
        body: [p(words.say("receivedText")), p(words.say("receivedOnce"))],
      });
    });
  }

  #check(sheet: Sheet): void {
    const { ballot } = sheet;
    if (!ballot) {
      this.#go({ at: "answers" }, true);
      return;
    }
    this.#wait("checkTitle", "checkWait");
    this.#open(sheet, ballot).catch((error: unknown) => {
      if (error instanceof Refused && error.why === "not open") this.#closed(sheet.manifest.voting.opens, sheet.manifest.voting.closes);
      else if (error instanceof Refused && error.why === "no access") this.#end("refusedTitle", "refusedCode");
      else if (error instanceof Refused && error.why === "full") this.#message("checkTitle", "checkFull", this.#backToVote(sheet));
      else this.#failed(error, () => this.#go({ at: "answers" }, true));
    });
  }

  /** Opens the ballot, which can never be cast from now on, and shows what the other device needs. */
  async #open(sheet: Sheet, ballot: { text: string; confirmationCode: string }): Promise<void> {
    const opening = await this.#worker.open();
    sheet.ballot = null;
    await sheet.client.challenge(sheet.electionId, ballot.text, opening);
    this.#screen(() => checkScreen(this.#shell, sheet.electionId, ballot, opening, this.#backToVote(sheet)));
  }

  #backToVote(sheet: Sheet): HTMLButtonElement {
    sheet.ballot = null;
    return button(this.#shell.words.say("checkDone"), () => this.#go({ at: "answers" }, true));
  }

  // Ways between screens

  #go(place: Place, replace = false): void {
    if (replace) history.replaceState(place, "", location.pathname);
    else history.pushState(place, "", location.pathname);
    this.#show(place);
  }

  /** The browser's own Back and Forward. While a vote is on its way, and after the end, they lead nowhere. */
  #returned(place: Place | null): void {
    if (this.#over || this.#sheet?.sent) {
      history.pushState({ at: "end" } satisfies Place, "", location.pathname);
      this.#draw();
      return;
    }
    if (place) this.#show(place);
  }

  #show(place: Place): void {
    const sheet = this.#sheet;
    if (!sheet) {
      this.#codeScreen();
      return;
    }
    this.#screen(() => {
      if (place.at === "question") this.#question(sheet, place.position);
      else if (place.at === "answers" && sheet.next === null) this.#answers(sheet);
      else if (place.at === "cast" && sheet.next === null) this.#cast(sheet);
      else if (place.at === "check" && sheet.next === null) this.#check(sheet);
      else this.#about(sheet);
    });
  }

  /** Draws a screen, now and whenever the language changes. */
  #screen(draw: () => void): void {
    this.#draw = draw;
    draw();
  }

  #loading(): void {
    this.#screen(() => this.#shell.show({ title: this.#shell.words.say("loading"), body: [] }));
  }

  #wait(title: Key, text: Key): void {
    const { words } = this.#shell;
    this.#shell.show({ title: words.say(title), body: [p(words.say(text))] });
    this.#shell.say(words.say(text));
  }

  #message(title: Key, text: Key, ...more: Child[]): void {
    this.#screen(() => {
      const { words } = this.#shell;
      this.#shell.show({ title: words.say(title), body: [p(words.say(text)), ...more] });
    });
  }

  // Ends

  #failed(error: unknown, again: () => void): void {
    const election = this.#election;
    if (error instanceof Refused && error.why === "not open" && election) {
      this.#closed(election.opens, election.closes);
      return;
    }
    const known = error instanceof Unanswered || error instanceof Refused;
    const tooMany = error instanceof Refused && error.why === "too many";
    const retry = button(this.#shell.words.say("lostRetry"), again);
    if (tooMany) this.#message("tooManyTitle", "tooManyText", retry);
    else if (known) this.#message("offlineTitle", "offlineText", retry);
    else this.#end("brokenTitle", "brokenText");
  }

  #closed(opens: string, closes: string): void {
    this.#erase();
    this.#screen(() => {
      const { words } = this.#shell;
      const values = { opens: words.moment(opens), closes: words.moment(closes) };
      this.#shell.show({ title: words.say("closedTitle"), body: [p(words.say("closedText", values))] });
    });
  }

  #end(title: Key, text: Key): void {
    if (this.#over) return; // what was still at work has stopped, too
    this.#erase();
    this.#message(
      title,
      text,
      button(this.#shell.words.say("startAgain"), () => location.reload()),
    );
  }

  #leave(): void {
    if (this.#sheet?.sent && !this.#over) return; // the vote is on its way, and its answer is still to come
    this.#end("leftTitle", "leftText");
  }

  #warn(minutes: number): void {
    const before = this.#draw;
    this.#screen(() => {
      const { words } = this.#shell;
      const stay = button(words.say("timeoutStay"), () => {
        this.#idle.start();
        this.#screen(before);
      });
      this.#shell.show({ title: words.say("timeoutTitle"), body: [p(words.count("timeoutText", minutes)), stay] });
    });
  }

  /** Nothing of the vote is left: not in memory, not in the worker, not in the history (CL-06). */
  #erase(): void {
    this.#over = true;
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

function described(pressed: HTMLButtonElement, by: string): HTMLButtonElement {
  pressed.setAttribute("aria-describedby", by);
  return pressed;
}
