/** The second device: works out again what a first one had locked, and shows it, so that it can be compared. Nothing is stored or sent. */

import { shownCode } from "../../confirmation.ts";
import { contestsOf, type Manifest } from "../../manifest.ts";
import type { Opened } from "../../opening.ts";
import { readSlip, type Slip } from "../../slip.ts";
import type { WorkerClient } from "../../worker_client.ts";
import type { Key, Language } from "../../words/words.ts";
import { h, p } from "../dom.ts";
import { button, codeShown, errorMessage, errorSummary, form, submitButton, summaryList } from "../parts.ts";
import { Shell } from "../shell.ts";
import { answerInWords } from "../vote/question.ts";
import { Camera, hasCamera } from "./camera.ts";
import { type Known, knownElections, readKnown } from "./elections.ts";

/** Bytes of a ballot's file; no election comes near. */
const LARGEST_FILE = 16_000_000;

export class Check {
  readonly #shell: Shell;
  readonly #worker: WorkerClient;
  #known: readonly Known[] = [];
  #prepared: Known | null = null;
  #camera: Camera | null = null;
  #draw: () => void = () => {};
  /** Counts up with every slip: what comes late of one before is not shown. */
  #begun = 0;

  constructor(language: Language, worker: WorkerClient) {
    this.#worker = worker;
    this.#shell = new Shell(language, () => this.#draw(), null);
    addEventListener("pagehide", () => this.#camera?.stop());
  }

  /** Begins with the slip in the address, if there is one. All that is needed is fetched first: then this works without a network. */
  async begin(fragment: string): Promise<void> {
    this.#begun += 1;
    const begun = this.#begun;
    this.#wait("checkPageTitle", "checkPageLoading");
    const slip = await readSlip(fragment).catch(() => null);
    const known = await knownElections(slip?.reference ?? null);
    if (this.#begun !== begun) return;
    this.#known = known;
    const likely = this.#known.find(({ reference }) => reference === slip?.reference) ?? this.#known[0];
    await this.#prepare(likely).catch(() => null); // so that it is quick later; what is wrong with it is said when it is needed
    if (this.#begun !== begun) return;
    if (slip) await this.#check(slip);
    else this.#entry(fragment, fragment ? "checkPageWrong" : null);
  }

  #entry(typed = "", wrong: Key | null = null, camera: "" | "no camera" = ""): void {
    this.#screen(() => {
      const { words } = this.#shell;
      const error = wrong && words.say(wrong);
      const input = h("textarea", {
        class: error ? "govuk-textarea govuk-textarea--error psephos-slip-input" : "govuk-textarea psephos-slip-input",
        id: "slip",
        rows: "4",
        autocomplete: "off",
        autocapitalize: "none",
        spellcheck: "false",
        "aria-describedby": error ? "slip-hint slip-error" : "slip-hint",
      });
      input.value = typed;
      const asked = form(
        () => void this.#typed(input.value),
        h(
          "div",
          { class: error ? "govuk-form-group govuk-form-group--error" : "govuk-form-group" },
          h("label", { class: "govuk-label govuk-label--m", for: "slip" }, words.say("checkPageLabel")),
          h("div", { class: "govuk-hint", id: "slip-hint" }, words.say("checkPageHint")),
          error && errorMessage(words, "slip-error", error),
          input,
        ),
        submitButton(words.say("checkPageGo")),
      );
      this.#shell.show({
        title: words.say("checkPageTitle"),
        error: Boolean(error),
        body: [
          error && errorSummary(words, [["slip", error]]),
          p(words.say("checkPageText")),
          camera === "no camera"
            ? h("div", { class: "govuk-inset-text" }, words.say("checkPageNoCamera"))
            : hasCamera() && button(words.say("checkPageCamera"), () => this.#scan(), "secondary"),
          asked,
        ],
      });
    });
  }

  #scan(): void {
    this.#screen(() => {
      const { words } = this.#shell;
      this.#camera?.stop();
      const video = h("video", { class: "psephos-camera", "aria-label": words.say("checkPageVideo"), playsinline: true, muted: true });
      const camera = new Camera(video);
      this.#camera = camera;
      const stop = button(words.say("checkPageStop"), () => {
        camera.stop();
        this.#entry();
      });
      this.#shell.show({ title: words.say("checkPageCamera"), body: [p(words.say("checkPageCameraText")), video, stop] });
      camera
        .start((text) => {
          if (!text) return false;
          void this.#typed(text);
          return true;
        })
        .catch(() => {
          camera.stop();
          if (this.#camera === camera) this.#entry("", null, "no camera");
        });
    });
  }

  async #typed(text: string): Promise<void> {
    let slip: Slip;
    try {
      slip = await readSlip(text);
    } catch {
      this.#entry(text, text.trim() ? "checkPageWrong" : "checkPageEmpty");
      return;
    }
    await this.#check(slip);
  }

  async #check(slip: Slip): Promise<void> {
    const known = this.#known.find(({ reference }) => reference === slip.reference);
    if (!known) {
      this.#askForFile(slip);
      return;
    }
    const begun = this.#begun;
    this.#wait("checkPageTitle", "checkPageWorking");
    try {
      await this.#prepare(known);
    } catch {
      if (this.#begun === begun) this.#message("checkPageTitle", "checkPageBadBallot");
      return;
    }
    try {
      const opened = await this.#worker.recompute(slip);
      if (this.#begun === begun) this.#result(known.manifest, opened);
    } catch {
      if (this.#begun === begun) this.#message("checkPageTitle", "checkPageImpossible");
    }
  }

  async #prepare(known: Known | undefined): Promise<void> {
    if (!known || this.#prepared === known) return;
    this.#prepared = null;
    await this.#worker.prepare(known.publicParts);
    this.#prepared = known;
  }

  #askForFile(slip: Slip, wrong = false): void {
    this.#screen(() => {
      const { words } = this.#shell;
      const error = wrong && words.say("checkPageFileWrong");
      const input = h("input", {
        class: error ? "govuk-file-upload govuk-file-upload--error" : "govuk-file-upload",
        id: "file",
        type: "file",
        accept: ".json,application/json",
        "aria-describedby": error ? "file-hint file-error" : "file-hint",
      });
      const asked = form(
        () => void this.#opened(slip, input.files?.[0]),
        h(
          "div",
          { class: error ? "govuk-form-group govuk-form-group--error" : "govuk-form-group" },
          h("label", { class: "govuk-label govuk-label--m", for: "file" }, words.say("checkPageFile")),
          h("div", { class: "govuk-hint", id: "file-hint" }, words.say("checkPageFileHint", { reference: slip.reference })),
          error && errorMessage(words, "file-error", error),
          input,
        ),
        submitButton(words.say("checkPageGo")),
      );
      this.#shell.show({
        title: words.say("checkPageOther"),
        error: Boolean(error),
        back: () => this.#entry(),
        body: [error && errorSummary(words, [["file", error]]), asked],
      });
    });
  }

  async #opened(slip: Slip, file: File | undefined): Promise<void> {
    try {
      if (!file || file.size > LARGEST_FILE) throw new TypeError("no file of a ballot");
      const known = readKnown((await file.text()).trimEnd());
      if (known.reference !== slip.reference) throw new TypeError("another ballot");
      this.#known = [...this.#known, known];
    } catch {
      this.#askForFile(slip, true);
      return;
    }
    await this.#check(slip);
  }

  #result(manifest: Manifest, opened: Opened): void {
    this.#screen(() => {
      const { words } = this.#shell;
      const { union, scrutineer } = manifest.voting;
      const answers = contestsOf(manifest, opened.style).map(
        (contest, at) => [contest.label, h("div", {}, ...answerInWords(words, contest, opened.choices[at]!))] as const,
      );
      this.#shell.show({
        title: words.say("checkResultTitle"),
        body: [
          h("h2", { class: "govuk-heading-m" }, words.say("checkResultCode")),
          codeShown(shownCode(opened.confirmationCode)),
          h("h2", { class: "govuk-heading-m" }, words.say("checkResultAnswers")),
          summaryList(answers),
          h("h2", { class: "govuk-heading-m" }, words.say("checkResultNext")),
          h("div", { class: "govuk-inset-text" }, h("p", {}, words.say("checkResultSame")), h("p", {}, words.say("checkResultOther"))),
          p(words.say("checkResultOpened")),
          summaryList([
            [words.say("aboutLabel"), manifest.label],
            [words.say("aboutUnion"), union],
            [words.say("aboutScrutineer"), scrutineer],
          ]),
          button(words.say("checkPageAgain"), () => this.#entry(), "secondary"),
        ],
      });
    });
  }

  #message(title: Key, text: Key): void {
    this.#screen(() => {
      const { words } = this.#shell;
      const again = button(words.say("checkPageAgain"), () => this.#entry(), "secondary");
      this.#shell.show({ title: words.say(title), error: true, body: [p(words.say(text)), again] });
    });
  }

  #wait(title: Key, text: Key): void {
    this.#screen(() => {
      const { words } = this.#shell;
      this.#shell.show({ title: words.say(title), body: [p(words.say(text))] });
      this.#shell.say(words.say(text));
    });
  }

  /** Draws a screen, now and whenever the language changes. */
  #screen(draw: () => void): void {
    if (this.#camera) this.#camera.stop();
    this.#draw = draw;
    draw();
  }
}
