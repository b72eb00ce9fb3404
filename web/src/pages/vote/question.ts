/** One question: radio buttons, boxes to tick, or numbers, as its limits ask for. Nothing is chosen beforehand, and the order is the manifest's. */

import type { Contest } from "../../manifest.ts";
import type { Words } from "../../words/words.ts";
import { type Child, h } from "../dom.ts";
import { errorMessage } from "../parts.ts";

/** What a question's form says: a number for each option, or what is wrong and in which field. */
export type Read = Readonly<{ choices: readonly number[] } | Wrong>;

/** What is wrong, in which field, to be said in any language. */
export type Wrong = Readonly<{ field: string; say: (words: Words) => string }>;

/** How a question is answered: one of several, several, or numbers of votes. */
export function kindOf(contest: Contest): "one" | "several" | "points" {
  if (contest.options.some(({ selectionLimit }) => selectionLimit > 1)) return "points";
  return contest.selectionLimit === 1 ? "one" : "several";
}

/** The fields of a question, as they were answered before; `error` is shown beside them. */
export function questionFields(words: Words, contest: Contest, answered: readonly string[] | null, wrong: Wrong | null): HTMLElement {
  const kind = kindOf(contest);
  const limit = contest.selectionLimit;
  const error = wrong && wrong.say(words);
  const hint = {
    one: () => words.say("questionChooseOne"),
    several: () => words.count("questionChooseSeveral", limit),
    points: () => words.count("questionPoints", limit),
  }[kind]();
  const described = error ? "question-hint question-error" : "question-hint";
  const named = kind === "points" ? "govuk-form-group" : kind === "one" ? "govuk-radios" : "govuk-checkboxes";
  const items = contest.options.map((option, at) =>
    kind === "points" && !option.spoil
      ? points(words, option.index, option.label, option.selectionLimit, answered?.[at] ?? "", wrong?.field === fieldOf(option.index))
      : choice(words, kind === "one" ? "radio" : "checkbox", option.index, option.label, option.spoil, Number(answered?.[at]) > 0),
  );
  return h(
    "div",
    { class: error ? "govuk-form-group govuk-form-group--error" : "govuk-form-group" },
    h(
      "fieldset",
      { class: "govuk-fieldset", "aria-labelledby": "heading", "aria-describedby": described },
      h("div", { class: "govuk-hint", id: "question-hint" }, hint),
      error && errorMessage(words, "question-error", error),
      h("div", { class: named }, ...items),
    ),
  );
}

/** What the form says now. */
export function readQuestion(contest: Contest, form: HTMLFormElement): Read {
  const kind = kindOf(contest);
  const limit = contest.selectionLimit;
  const choices: number[] = [];
  for (const option of contest.options) {
    const field = fieldOf(option.index);
    const input = form.querySelector<HTMLInputElement>(`#${field}`)!;
    if (input.type !== "text") {
      choices.push(input.checked ? 1 : 0);
      continue;
    }
    const typed = input.value.trim() || "0";
    if (!/^\d{1,4}$/.test(typed) || Number(typed) > option.selectionLimit) {
      const { selectionLimit, label } = option;
      return { field, say: (words) => words.count("questionPointsNumber", selectionLimit, { option: label }) };
    }
    choices.push(Number(typed));
  }
  const sum = choices.reduce((total, each) => total + each, 0);
  const field = fieldOf(1);
  if (contest.options.at(-1)!.spoil && choices.at(-1) && sum > 1) return { field, say: (words) => words.say("questionSpoilAlone") };
  if (sum > limit) return { field, say: (words) => words.count(kind === "points" ? "questionTooManyPoints" : "questionTooMany", limit) };
  return { choices };
}

/** What is filled in, valid or not. */
export function typedAnswer(contest: Contest, form: HTMLFormElement): readonly string[] {
  return contest.options.map(({ index }) => {
    const input = form.querySelector<HTMLInputElement>(`#${fieldOf(index)}`)!;
    return input.type === "text" ? input.value : input.checked ? "1" : "0";
  });
}

/** An answer in words, for whoever checks it. */
export function answerInWords(words: Words, contest: Contest, choices: readonly number[]): Child[] {
  const chosen = contest.options.filter((_, at) => choices[at]);
  if (!chosen.length) return [words.say("answersNone")];
  return chosen.map(({ index, label, spoil }) =>
    h(
      "p",
      { class: "govuk-body" },
      kindOf(contest) === "points" && !spoil ? words.count("answersPoints", choices[index - 1]!, { option: label }) : label,
    ),
  );
}

const fieldOf = (index: number): string => `option-${index}`;

function choice(words: Words, type: "radio" | "checkbox", index: number, label: string, spoil: boolean, checked: boolean): HTMLElement {
  const block = type === "radio" ? "govuk-radios" : "govuk-checkboxes";
  const id = fieldOf(index);
  const hint = spoil && h("div", { class: `govuk-hint ${block}__hint`, id: `${id}-hint` }, words.say("spoilHint"));
  const input = h("input", {
    class: `${block}__input`,
    id,
    name: "answer",
    type,
    value: String(index),
    "aria-describedby": spoil ? `${id}-hint` : false,
  });
  input.checked = checked;
  return h("div", { class: `${block}__item` }, input, h("label", { class: `govuk-label ${block}__label`, for: id }, label), hint);
}

function points(words: Words, index: number, label: string, limit: number, value: string, isWrong: boolean): HTMLElement {
  const id = fieldOf(index);
  const input = h("input", {
    class: isWrong ? "govuk-input govuk-input--width-4 govuk-input--error" : "govuk-input govuk-input--width-4",
    id,
    name: id,
    type: "text",
    inputmode: "numeric",
    autocomplete: "off",
    "aria-describedby": `${id}-hint`,
    "aria-invalid": isWrong ? "true" : false,
  });
  input.value = value === "0" ? "" : value;
  return h(
    "div",
    { class: "govuk-form-group" },
    h("label", { class: "govuk-label", for: id }, label),
    h("div", { class: "govuk-hint", id: `${id}-hint` }, words.count("optionPoints", limit)),
    input,
  );
}
