/** The published result: what it is, how anybody can check it again, and where one's own confirmation code is in it. */

import { BallotsFile, type Place } from "../../ballots_file.ts";
import { readShownCode, shownCode } from "../../confirmation.ts";
import { EncryptorError } from "../../errors.ts";
import { kindOf } from "../vote/question.ts";
import type { Key, Language, Words } from "../../words/words.ts";
import { type Child, h, p } from "../dom.ts";
import { Missing, piecesAt } from "../fetching.ts";
import { button, codeShown, errorMessage, errorSummary, form, submitButton, summaryList } from "../parts.ts";
import { Shell } from "../shell.ts";
import { resultOf } from "./chart.ts";
import {
  addressOf,
  archiveOf,
  BALLOTS,
  type ListedRecord,
  listedRecords,
  openedBallot,
  type OpenedContest,
  readReleased,
  type ReleasedRecord,
} from "./record_files.ts";

/** What was found out about a code. */
type Answer =
  | { what: "wrong"; key: Key }
  | { what: "missing" }
  | { what: "damaged" }
  | { what: "unreachable" }
  | { what: "found"; place: Place; opened: readonly OpenedContest[] | null };

export class RecordPage {
  readonly #shell: Shell;
  #record: ReleasedRecord | null = null;
  #ballots: BallotsFile | null = null;
  #searching = false;
  #answer: Answer | null = null;
  #typed = "";
  #draw: () => void = () => {};

  constructor(language: Language) {
    this.#shell = new Shell(language, () => this.#draw(), null);
  }

  /** Begins with the ballot whose identifier begins with `reference`, or with a choice. */
  async begin(reference: string): Promise<void> {
    const again = (): void => void this.begin(reference);
    this.#message("recordLoading", "recordLoadingText");
    let listed: readonly ListedRecord[];
    try {
      listed = (await listedRecords()).filter(({ election_id }) => election_id.startsWith(reference));
    } catch (error) {
      if (error instanceof Missing) this.#message("recordElsewhere", "recordElsewhereText");
      else this.#message("recordOffline", "recordOfflineText", again);
      return;
    }
    if (listed.length === 0) this.#message("recordUnknown", "recordUnknownText");
    else if (listed.length > 1) this.#choose(listed);
    else await this.#load(listed[0]!, again);
  }

  async #load(election: ListedRecord, again: () => void): Promise<void> {
    if (!election.released) {
      this.#notYet(election);
      return;
    }
    try {
      this.#record = await readReleased(election.election_id);
    } catch (error) {
      if (error instanceof Missing) this.#notYet(election);
      else if (error instanceof EncryptorError || error instanceof SyntaxError || error instanceof TypeError) {
        this.#message("recordDamaged", "recordDamagedText");
      } else this.#message("recordOffline", "recordOfflineText", again);
      return;
    }
    this.#result(this.#record);
  }

  #choose(listed: readonly ListedRecord[]): void {
    this.#screen(() => {
      const links = listed.map(({ election_id, label, union }) =>
        h(
          "li",
          {},
          h("a", { class: "govuk-link", href: `/record/${election_id.slice(0, 16)}` }, label),
          h("br"),
          h("span", { class: "govuk-hint" }, union),
        ),
      );
      this.#shell.show({
        title: this.#shell.words.say("recordChoose"),
        body: [h("ul", { class: "govuk-list govuk-list--spaced" }, ...links)],
      });
    });
  }

  #notYet(election: ListedRecord): void {
    this.#screen(() => {
      const { words } = this.#shell;
      this.#shell.show({
        title: words.say("recordNotYet"),
        body: [
          p(words.say("recordNotYetText")),
          summaryList([
            [words.say("aboutLabel"), election.label],
            [words.say("aboutUnion"), election.union],
            [words.say("aboutCloses"), words.moment(election.closes)],
          ]),
        ],
      });
    });
  }

  #result(record: ReleasedRecord): void {
    this.#screen(() => {
      const { words } = this.#shell;
      const { manifest, totals } = record;
      this.#shell.show({
        title: words.say("recordTitle"),
        caption: manifest.label,
        body: [
          summaryList([
            [words.say("aboutUnion"), manifest.voting.union],
            [words.say("aboutScrutineer"), manifest.voting.scrutineer],
            [words.say("recordSigned"), words.moment(record.signed)],
            [words.say("recordCast"), words.number(totals.cast)],
            [words.say("recordDiscounted"), words.number(totals.discounted)],
            [words.say("recordChallenged"), words.number(totals.challenged)],
          ]),
          ...manifest.contests.flatMap((contest, at) => [
            h("h2", { class: "govuk-heading-m" }, contest.label),
            resultOf(words, contest, record.tally[at]!),
          ]),
          h("h2", { class: "govuk-heading-m", id: "find" }, words.say("findTitle")),
          this.#finder(record),
          ...this.#checking(record),
        ],
      });
    });
  }

  /** The form that looks for a code, with what was found; it is drawn again by itself. */
  #finder(record: ReleasedRecord): HTMLElement {
    const { words } = this.#shell;
    const place = h("div", { id: "finder" });
    const answer = this.#answer;
    const error = answer?.what === "wrong" ? words.say(answer.key) : null;
    const size = record.files.find(({ path }) => path === BALLOTS)?.bytes ?? 0;
    const input = h("input", {
      class: error ? "govuk-input govuk-input--error psephos-code-input" : "govuk-input psephos-code-input",
      id: "code",
      type: "text",
      autocomplete: "off",
      autocapitalize: "characters",
      spellcheck: "false",
      "aria-describedby": error ? "code-hint code-error" : "code-hint",
    });
    input.value = this.#typed;
    const progress = h("progress", {
      class: "psephos-progress",
      id: "progress",
      max: "100",
      value: "0",
      "aria-label": words.say("findWorking"),
    });
    const asked = form(
      () => void this.#find(record, input.value),
      h(
        "div",
        { class: error ? "govuk-form-group govuk-form-group--error" : "govuk-form-group" },
        h("label", { class: "govuk-label", for: "code" }, words.say("findLabel")),
        h("div", { class: "govuk-hint", id: "code-hint" }, words.say("findHint")),
        error && errorMessage(words, "code-error", error),
        input,
      ),
      this.#searching ? h("div", {}, p(words.say("findWorking")), progress) : submitButton(words.say("findGo")),
    );
    if (this.#searching) input.disabled = true;
    place.replaceChildren(
      ...[error && errorSummary(words, [["code", error]]), p(words.say("findText", { size: words.bytes(size) })), asked].filter(
        (each): each is HTMLElement => each instanceof Node,
      ),
      h("div", { id: "found", tabindex: "-1" }, ...this.#found(words, record)),
    );
    return place;
  }

  #found(words: Words, record: ReleasedRecord): Child[] {
    const answer = this.#answer;
    if (!answer || answer.what === "wrong") return [];
    const heading = (key: Key): HTMLElement => h("h3", { class: "govuk-heading-s" }, words.say(key));
    const boxed = (...inside: Child[]): Child[] => [h("div", { class: "govuk-inset-text" }, ...inside)];
    if (answer.what === "missing") return boxed(heading("foundNot"), p(words.say("foundNotText")));
    if (answer.what === "damaged") return boxed(heading("recordDamaged"), p(words.say("recordDamagedText")));
    if (answer.what === "unreachable") return boxed(heading("recordOffline"), p(words.say("recordOfflineText")));
    const { place, opened } = answer;
    const title = { Cast: "foundCast", Discounted: "foundDiscounted", Challenged: "foundChallenged" } as const;
    const text = { Cast: "foundCastText", Discounted: "foundDiscountedText", Challenged: "foundChallengedText" } as const;
    return [
      ...boxed(heading(title[place.state]), codeShown(shownCode(place.code)), p(words.say(text[place.state]))),
      opened && summaryList(opened.map((contest) => [contest.label, h("div", {}, ...this.#opened(words, record, contest))])),
      this.#proof(words, record, place),
    ];
  }

  #opened(words: Words, record: ReleasedRecord, { contest_ix, options }: OpenedContest): Child[] {
    const contest = record.manifest.contests[contest_ix - 1];
    const points = contest && kindOf(contest) === "points";
    const chosen = options.flatMap(({ label, value }, at) => {
      if (value === 0) return [];
      return [p(points && !contest.options[at]?.spoil ? words.count("answersPoints", value, { option: label }) : label)];
    });
    return chosen.length ? chosen : [p(words.say("answersNone"))];
  }

  /** What makes it certain that this line is in the list that everybody has. */
  #proof(words: Words, record: ReleasedRecord, { position }: Place): HTMLElement {
    const ballots = this.#ballots!;
    const proven = ballots.prove(position);
    const hash = (text: string): HTMLElement => h("code", { class: "psephos-hash" }, text);
    const rows: [string, Child][] = [
      [words.say("proofLine"), words.say("proofLineOf", { number: words.number(position + 1), count: words.number(ballots.size) })],
      [words.say("proofFile"), hash(ballots.hash!)],
      [words.say("proofRecord"), hash(record.hash)],
    ];
    if (record.log) {
      rows.push([words.say("proofRoot"), hash(proven.root)], [words.say("proofLeaf"), hash(proven.leaf)]);
      rows.push([
        words.say("proofPath"),
        h("ol", { class: "govuk-list govuk-list--number" }, ...proven.path.map((each) => h("li", {}, hash(each)))),
      ]);
    }
    return h(
      "details",
      { class: "govuk-details" },
      h("summary", { class: "govuk-details__summary" }, h("span", { class: "govuk-details__summary-text" }, words.say("proofTitle"))),
      h(
        "div",
        { class: "govuk-details__text" },
        p(words.say("proofText")),
        record.log && p(words.count("proofLog", record.log.trustees)),
        summaryList(rows),
      ),
    );
  }

  #checking(record: ReleasedRecord): Child[] {
    const { words } = this.#shell;
    const files = record.files.map(({ path, bytes }) =>
      h(
        "li",
        {},
        h("a", { class: "govuk-link", href: addressOf(record.electionId, path), download: path.split("/").at(-1)! }, path),
        ` (${words.bytes(bytes)})`,
      ),
    );
    const size = record.files.reduce((sum, { bytes }) => sum + bytes, 0);
    const download = words.say("againDownload", { size: words.bytes(size) });
    return [
      h("h2", { class: "govuk-heading-m" }, words.say("againTitle")),
      p(words.say("againChecked")),
      p(words.say("againText")),
      h(
        "p",
        { class: "govuk-body" },
        h("a", { class: "govuk-link", href: archiveOf(record.electionId), download: "RECORD.zip" }, download),
      ),
      h("pre", { class: "psephos-command" }, h("code", {}, `python3 -I -S verifier.pyz RECORD --key ${record.key}`)),
      p(words.say("againKey", { scrutineer: record.manifest.voting.scrutineer })),
      h("h3", { class: "govuk-heading-s" }, words.say("againHash")),
      h("p", { class: "govuk-body" }, h("code", { class: "psephos-hash" }, record.hash)),
      h("h3", { class: "govuk-heading-s" }, words.say("againFiles")),
      p(words.say("againFilesText")),
      h("ul", { class: "govuk-list psephos-files" }, ...files),
    ];
  }

  async #find(record: ReleasedRecord, typed: string): Promise<void> {
    this.#typed = typed;
    const read = readShownCode(typed);
    if (read === "mistyped") {
      this.#answered(record, { what: "wrong", key: typed.trim() ? "findMistyped" : "findEmpty" });
      return;
    }
    try {
      this.#ballots ??= await this.#download(record);
      const place = this.#ballots.find(read.first);
      if (!place) this.#answered(record, { what: "missing" });
      else {
        const opened = place.state === "Challenged" ? await openedBallot(record, place.code) : null;
        this.#answered(record, { what: "found", place, opened });
      }
    } catch (error) {
      this.#answered(record, { what: error instanceof EncryptorError ? "damaged" : "unreachable" });
    }
  }

  /** The whole list of ballots, so that nobody but this browser knows which one is looked for; it must be what everybody has. */
  async #download(record: ReleasedRecord): Promise<BallotsFile> {
    this.#answer = null;
    this.#searching = true;
    this.#redraw(record);
    this.#shell.say(this.#shell.words.say("findWorking"));
    const size = record.files.find(({ path }) => path === BALLOTS)?.bytes ?? 0;
    const ballots = new BallotsFile();
    let taken = 0;
    try {
      await piecesAt(addressOf(record.electionId, BALLOTS), (piece) => {
        ballots.add(piece);
        taken += piece.length;
        document.getElementById("progress")?.setAttribute("value", String(size ? Math.floor((100 * taken) / size) : 0));
      });
      ballots.end();
    } finally {
      this.#searching = false;
    }
    const { log, totals } = record;
    const same = ballots.hash === record.digests.get(BALLOTS) && (!log || (log.root === ballots.root && log.size === ballots.size));
    if (!same || ballots.count("Cast") !== totals.cast) throw new EncryptorError("the ballots are not those that the record lists");
    return ballots;
  }

  #answered(record: ReleasedRecord, answer: Answer): void {
    this.#answer = answer;
    this.#redraw(record);
    this.#shell.wrong(answer.what === "wrong");
    const found = document.querySelector<HTMLElement>("#finder .govuk-error-summary") ?? document.getElementById("found");
    found?.focus();
  }

  #redraw(record: ReleasedRecord): void {
    document.getElementById("finder")?.replaceWith(this.#finder(record));
  }

  #message(title: Key, text: Key, again?: () => void): void {
    this.#screen(() => {
      const { words } = this.#shell;
      this.#shell.show({ title: words.say(title), body: [p(words.say(text)), again && button(words.say("lostRetry"), again)] });
    });
  }

  /** Draws a screen, now and whenever the language changes. */
  #screen(draw: () => void): void {
    this.#draw = draw;
    draw();
  }
}
