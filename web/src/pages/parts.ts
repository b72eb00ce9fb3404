/** Parts of screens, as GOV.UK Frontend styles them. */

import type { Words } from "../words/words.ts";
import { type Child, h } from "./dom.ts";

/** A button that does something; the first of a screen is the one that leads on. */
export function button(text: string, press: () => void, kind: "" | "secondary" = ""): HTMLButtonElement {
  const classes = kind ? `govuk-button govuk-button--${kind}` : "govuk-button";
  return h("button", { type: "button", class: classes, onclick: press }, text);
}

/** The button that submits its form. */
export function submitButton(text: string): HTMLButtonElement {
  return h("button", { type: "submit", class: "govuk-button" }, text);
}

/** A form whose one button submits it, so that Enter works as everywhere. */
export function form(submit: () => void, ...children: readonly Child[]): HTMLFormElement {
  return h(
    "form",
    {
      novalidate: true,
      autocomplete: "off",
      onsubmit: (event) => {
        event.preventDefault();
        submit();
      },
    },
    ...children,
  );
}

/** What is wrong, above all else; each error leads to its field. */
export function errorSummary(words: Words, errors: readonly (readonly [field: string, text: string])[]): HTMLElement {
  const items = errors.map(([field, text]) => {
    const link = h("a", { href: `#${field}` }, text);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      document.getElementById(field)?.focus();
    });
    return h("li", {}, link);
  });
  return h(
    "div",
    { class: "govuk-error-summary", tabindex: "-1" },
    h(
      "div",
      { role: "alert" },
      h("h2", { class: "govuk-error-summary__title" }, words.say("problem")),
      h("div", { class: "govuk-error-summary__body" }, h("ul", { class: "govuk-list govuk-error-summary__list" }, ...items)),
    ),
  );
}

/** The same error, beside its field. */
export function errorMessage(words: Words, id: string, text: string): HTMLElement {
  return h("p", { class: "govuk-error-message", id }, h("span", { class: "govuk-visually-hidden" }, `${words.say("error")} `), text);
}

/** A list of what is so: names and values, and a link to change each. */
export function summaryList(rows: readonly (readonly [name: string, value: Child, action?: Child])[]): HTMLElement {
  const withActions = rows.some(([, , action]) => action);
  return h(
    "dl",
    { class: "govuk-summary-list" },
    ...rows.map(([name, value, action]) =>
      h(
        "div",
        { class: withActions && !action ? "govuk-summary-list__row govuk-summary-list__row--no-actions" : "govuk-summary-list__row" },
        h("dt", { class: "govuk-summary-list__key" }, name),
        h("dd", { class: "govuk-summary-list__value" }, value),
        action && h("dd", { class: "govuk-summary-list__actions" }, action),
      ),
    ),
  );
}

/** A confirmation code as it is shown: groups of four, each read out by itself. */
export function codeShown(code: string): HTMLElement {
  return h("p", { class: "psephos-code" }, ...code.match(/.{1,4}/g)!.flatMap((group, at) => [at ? " " : null, h("span", {}, group)]));
}
