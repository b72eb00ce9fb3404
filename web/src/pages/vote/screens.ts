/** The screens of the voter's way, each made from what it shows and what its buttons do. None of them keeps anything. */

import type { CodeProblem } from "../../access_code.ts";
import type { Listed } from "../../client.ts";
import { shownCode } from "../../confirmation.ts";
import type { Route } from "../../manifest.ts";
import type { Key, Words } from "../../words/words.ts";
import { type Child, h, p } from "../dom.ts";
import { button, codeShown, errorMessage, errorSummary, form, submitButton, summaryList } from "../parts.ts";
import type { Screen } from "../shell.ts";
import { answerInWords, questionFields, typedAnswer, type Wrong } from "./question.ts";
import type { Sheet } from "./sheet.ts";

/** What is wrong with a code, before or after the service was asked. */
export type CodeWrong = Readonly<{ problem: CodeProblem | "refused"; length: number }>;

export function codeScreen(
  words: Words,
  typed: string,
  wrong: CodeWrong | null,
  keep: (typed: string) => void,
  submit: (typed: string) => void,
): Screen {
  const error = wrong && codeError(words, wrong);
  const input = h("input", {
    class: error ? "govuk-input govuk-input--error psephos-code-input" : "govuk-input psephos-code-input",
    id: "code",
    name: "code",
    type: "text",
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    "aria-describedby": error ? "code-hint code-error" : "code-hint",
    "aria-invalid": error ? "true" : false,
  });
  input.value = typed;
  input.addEventListener("input", () => keep(input.value));
  const group = h(
    "div",
    { class: groupClass(error) },
    h("label", { class: "govuk-label", for: "code" }, words.say("codeLabel")),
    h("div", { class: "govuk-hint", id: "code-hint" }, words.say("codeHint")),
    error && errorMessage(words, "code-error", error),
    input,
  );
  return {
    title: words.say("codeTitle"),
    error: Boolean(error),
    body: [error && errorSummary(words, [["code", error]]), form(() => submit(input.value), group, submitButton(words.say("continue")))],
  };
}

function codeError(words: Words, { problem, length }: CodeWrong): string {
  if (problem === "length") return words.count("codeLength", length);
  const keys = { empty: "codeEmpty", character: "codeCharacter", mistyped: "codeMistyped", refused: "codeRefused" } as const;
  return words.say(keys[problem]);
}

export function chooseScreen(
  words: Words,
  listed: readonly Listed[],
  wrong: boolean,
  submit: (at: number | null) => void,
  back: () => void,
): Screen {
  const error = wrong ? words.say("chooseEmpty") : null;
  const items = listed.map(({ label, union }, at) =>
    h(
      "div",
      { class: "govuk-radios__item" },
      h("input", { class: "govuk-radios__input", id: `ballot-${at}`, name: "ballot", type: "radio", value: String(at) }),
      h("label", { class: "govuk-label govuk-radios__label", for: `ballot-${at}` }, `${label} (${union})`),
    ),
  );
  const fields = h(
    "fieldset",
    { class: "govuk-fieldset", "aria-labelledby": "heading", "aria-describedby": error ? "choose-error" : false },
    error && errorMessage(words, "choose-error", error),
    h("div", { class: "govuk-radios" }, ...items),
  );
  const chosen = (): number | null => {
    const box = fields.querySelector<HTMLInputElement>("input:checked");
    return box ? Number(box.value) : null;
  };
  const group = h("div", { class: groupClass(error) }, fields);
  return {
    title: words.say("chooseTitle"),
    error: wrong,
    back,
    body: [error && errorSummary(words, [["ballot-0", error]]), form(() => submit(chosen()), group, submitButton(words.say("continue")))],
  };
}

const ROUTE_WORDS: Readonly<Record<Route, Key>> = {
  electronic: "rankElectronic",
  "hybrid electronic": "rankHybridElectronic",
  "hybrid postal": "rankHybridPostal",
  workplace: "rankWorkplace",
  postal: "rankPostal",
};

/** The hierarchy statement, for voters who have several ways to vote: one of their votes counts, and which. */
function hierarchy(words: Words, ranked: readonly Route[]): Child[] {
  if (ranked.length === 0) return [];
  const ways = ranked.map((route) => h("li", {}, words.say(ROUTE_WORDS[route])));
  return [
    h("h2", { class: "govuk-heading-m" }, words.say("rankTitle")),
    p(words.say("rankText")),
    h("ol", { class: "govuk-list govuk-list--number" }, ...ways),
  ];
}

export function aboutScreen(words: Words, sheet: Sheet, start: () => void): Screen {
  const { voting, label } = sheet.manifest;
  return {
    title: words.say("aboutTitle"),
    body: [
      summaryList([
        [words.say("aboutLabel"), label],
        [words.say("aboutUnion"), voting.union],
        [words.say("aboutScrutineer"), voting.scrutineer],
        [words.say("aboutCloses"), words.moment(voting.closes)],
      ]),
      ...hierarchy(words, sheet.ranked),
      p(words.count("aboutSteps", sheet.contests.length)),
      p(words.say("aboutOnce")),
      p(sheet.support ? words.say("aboutSupport", { contact: sheet.support }) : words.say("aboutHelp")),
      button(words.say("aboutStart"), start),
    ],
  };
}

export function questionScreen(
  words: Words,
  sheet: Sheet,
  position: number,
  wrong: Wrong | null,
  submit: (asked: HTMLFormElement) => void,
  skip: () => void,
  back: () => void,
): Screen {
  const contest = sheet.contests[position]!;
  const answered = sheet.typed.get(position) ?? sheet.answers[position]?.map(String) ?? null;
  const error = wrong && wrong.say(words);
  const buttons = h(
    "div",
    { class: "govuk-button-group" },
    submitButton(words.say("continue")),
    (wrong || sheet.answers[position]) && button(words.say("questionSkip"), skip, "secondary"),
  );
  const asked = form(() => submit(asked), questionFields(words, contest, answered, wrong), buttons);
  const keep = (): void => void sheet.typed.set(position, typedAnswer(sheet.contests[position]!, asked));
  asked.addEventListener("input", keep);
  return {
    title: contest.label,
    caption: words.say("questionNumber", { number: position + 1, count: sheet.contests.length }),
    error: Boolean(wrong),
    back,
    body: [wrong && error && errorSummary(words, [[wrong.field, error]]), asked],
  };
}

export function answersScreen(words: Words, sheet: Sheet, change: (position: number) => void, go: () => void, back: () => void): Screen {
  const rows = sheet.contests.map((contest, position) => {
    const link = h(
      "a",
      { class: "govuk-link", href: "#change" },
      words.say("answersChange"),
      h("span", { class: "govuk-visually-hidden" }, ` ${words.say("answersChangeOf", { question: contest.label })}`),
    );
    link.addEventListener("click", (event) => {
      event.preventDefault();
      change(position);
    });
    return [contest.label, h("div", {}, ...answerInWords(words, contest, sheet.answers[position]!)), link] as const;
  });
  return {
    title: words.say("answersTitle"),
    back,
    body: [summaryList(rows), p(words.say("answersText")), button(words.say("continue"), go)],
  };
}

/** Two actions of equal clarity. */
export function castScreen(words: Words, confirmationCode: string, cast: () => void, check: () => void, back: () => void): Screen {
  const choice = (title: Key, text: Key, press: () => void): HTMLElement => {
    const pressed = button(words.say(title), press);
    pressed.setAttribute("aria-describedby", text);
    return h("div", { class: "psephos-choice" }, h("p", { class: "govuk-body", id: text }, words.say(text)), pressed);
  };
  return {
    title: words.say("castTitle"),
    back,
    body: [
      h("div", { class: "govuk-inset-text" }, words.say("castNotYet")),
      h("h2", { class: "govuk-heading-m" }, words.say("castCode")),
      codeShown(shownCode(confirmationCode)),
      p(words.say("castCodeText")),
      h("div", { class: "psephos-choices" }, choice("castNow", "castNowText", cast), choice("castCheck", "castCheckText", check)),
    ],
  };
}

/** Words alone, with a button or two. */
export function messageScreen(words: Words, title: Key, texts: readonly string[], ...more: readonly Child[]): Screen {
  return { title: words.say(title), body: [...texts.map((text) => p(text)), ...more] };
}

export function receivedScreen(words: Words): Screen {
  return { title: words.say("receivedTitle"), done: true, body: [p(words.say("receivedText")), p(words.say("receivedOnce"))] };
}

function groupClass(error: string | null): string {
  return error ? "govuk-form-group govuk-form-group--error" : "govuk-form-group";
}
