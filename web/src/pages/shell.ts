/** The frame of every page: skip link, header, language, main part, footer. A new screen takes the focus to its heading and is read out. */

import { type Language, Words } from "../words/words.ts";
import { append, type Child, h } from "./dom.ts";
import { pageAddress } from "./places.ts";

/** What a screen is: a title, which is its first heading, and what follows. */
export type Screen = Readonly<{
  title: string;
  caption?: string;
  error?: boolean;
  /** Whether this is the good end: the title stands in a green panel. */
  done?: boolean;
  back?: () => void;
  body: readonly Child[];
}>;

export class Shell {
  words: Words;
  /** Whether the page can be left with nothing stored: not while a vote is on its way. */
  leaving = true;
  readonly #main = h("main", { class: "govuk-main-wrapper", id: "main-content", tabindex: "-1" });
  readonly #before = h("div", { id: "before-content" });
  readonly #status = h("div", { class: "govuk-visually-hidden", role: "status", "aria-live": "polite" });
  #title = "";
  readonly #changed: () => void;
  readonly #leave: (() => void) | null;

  /** `changed` draws the screen again in another language; `leave` closes the ballot, where there is something to leave. */
  constructor(language: Language, changed: () => void, leave: (() => void) | null) {
    this.words = new Words(language);
    this.#changed = changed;
    this.#leave = leave;
    this.#frame();
  }

  /** Shows a screen in place of the one before. */
  show(screen: Screen): void {
    const { title, caption, error, done, back, body } = screen;
    this.#title = this.words.say("pageTitle", { title, service: this.words.say("service") });
    this.wrong(Boolean(error));
    const heading = h(
      "h1",
      { class: done ? "govuk-panel__title" : "govuk-heading-l", id: "heading", tabindex: "-1" },
      caption && h("span", { class: "govuk-caption-l" }, `${caption} `),
      title,
    );
    for (const form of this.#main.querySelectorAll("form")) {
      form.reset(); // a browser may keep a form that is gone: then an empty one
      form.replaceChildren();
    }
    this.#main.replaceChildren(done ? h("div", { class: "govuk-panel govuk-panel--confirmation" }, heading) : heading);
    document.querySelector<HTMLElement>(".psephos-leave")?.toggleAttribute("hidden", Boolean(done) || !this.leaving);
    append(this.#main, body);
    this.#before.replaceChildren();
    if (back) {
      const link = h("a", { class: "govuk-back-link", href: "#back" }, this.words.say("back"));
      link.addEventListener("click", (event) => {
        event.preventDefault();
        back();
      });
      this.#before.append(h("nav", { "aria-label": this.words.say("back") }, link));
    }
    this.#say("");
    window.scrollTo(0, 0);
    (error ? (this.#main.querySelector<HTMLElement>(".govuk-error-summary") ?? heading) : heading).focus();
  }

  /** Says in the page's title whether something on the screen is wrong. */
  wrong(error: boolean): void {
    document.title = error ? this.words.say("errorTitle", { title: this.#title }) : this.#title;
  }

  /** Tells those who listen what is going on, and nobody else. */
  say(text: string): void {
    this.#say(text);
  }

  #say(text: string): void {
    this.#status.textContent = text;
  }

  #frame(): void {
    const { words } = this;
    document.documentElement.lang = words.language;
    const languages = (["en", "cy"] as const).map((language) => {
      const name = words.say(language === "en" ? "english" : "welsh");
      if (language === words.language)
        return h("li", { class: "psephos-languages__item" }, h("span", { "aria-current": "true", lang: language }, name));
      const button = h("button", { type: "button", class: "psephos-link", lang: language, hreflang: language }, name);
      button.addEventListener("click", () => {
        this.words = new Words(language);
        this.#frame();
        this.#changed();
      });
      return h("li", { class: "psephos-languages__item" }, button);
    });
    const leave =
      this.#leave &&
      h(
        "button",
        { type: "button", class: "govuk-button govuk-button--secondary psephos-leave", onclick: this.#leave },
        words.say("leave"),
      );
    const logo = h(
      "div",
      { class: "govuk-generic-header__logo" },
      h("span", { class: "govuk-generic-header__homepage-link" }, words.say("service")),
    );
    const skip = h("a", { class: "govuk-skip-link", href: "#main-content" }, words.say("skip"));
    skip.addEventListener("click", (event) => {
      event.preventDefault(); // what stands behind the # is for codes
      this.#main.focus();
    });
    document.body.replaceChildren(
      skip,
      h(
        "header",
        { class: "govuk-template__header" },
        h("div", { class: "govuk-generic-header" }, h("div", { class: "govuk-generic-header__container govuk-width-container" }, logo)),
      ),
      h(
        "div",
        { class: "govuk-width-container" },
        h(
          "div",
          { class: "psephos-tools" },
          h("nav", { "aria-label": words.say("language") }, h("ul", { class: "psephos-languages" }, ...languages)),
          leave,
        ),
        this.#before,
        this.#main,
        this.#status,
      ),
      h(
        "footer",
        { class: "govuk-template__footer" },
        h(
          "div",
          { class: "psephos-footer" },
          h(
            "div",
            { class: "govuk-width-container" },
            h(
              "a",
              { class: "govuk-link", href: pageAddress("accessibility"), target: "_blank", rel: "noreferrer" },
              words.say("accessibility"),
            ),
          ),
        ),
      ),
    );
  }
}
