/** A question's result: bars with their labels and numbers, and the same in a table. */

import type { Contest } from "../../manifest.ts";
import type { Words } from "../../words/words.ts";
import { h } from "../dom.ts";

const SVG = "http://www.w3.org/2000/svg";
/** Units of a bar's length; its picture is drawn as wide as the screen allows. */
const LENGTH = 1000;

/** Bar chart and table beside each other. */
export function resultOf(words: Words, contest: Contest, votes: readonly number[]): HTMLElement {
  const most = Math.max(1, ...votes);
  const rows = contest.options.map(({ label }, at) =>
    h(
      "div",
      { class: "psephos-bar" },
      h("span", { class: "psephos-bar__label" }, label),
      h("span", { class: "psephos-bar__value" }, words.number(votes[at]!)),
      bar(votes[at]! / most),
    ),
  );
  const title = words.say("recordChart", { question: contest.label });
  return h(
    "div",
    { class: "psephos-result" },
    h("div", { class: "psephos-chart", role: "img", "aria-label": title }, ...rows),
    h(
      "table",
      { class: "govuk-table" },
      h("caption", { class: "govuk-table__caption govuk-visually-hidden" }, contest.label),
      h(
        "thead",
        { class: "govuk-table__head" },
        h(
          "tr",
          { class: "govuk-table__row" },
          h("th", { class: "govuk-table__header", scope: "col" }, words.say("recordAnswer")),
          h("th", { class: "govuk-table__header govuk-table__header--numeric", scope: "col" }, words.say("recordVotes")),
        ),
      ),
      h(
        "tbody",
        { class: "govuk-table__body" },
        ...contest.options.map(({ label }, at) =>
          h(
            "tr",
            { class: "govuk-table__row" },
            h("th", { class: "govuk-table__header psephos-break", scope: "row" }, label),
            h("td", { class: "govuk-table__cell govuk-table__cell--numeric" }, words.number(votes[at]!)),
          ),
        ),
      ),
    ),
  );
}

/** A bar of this part of the whole width, in a frame that shows the rest. */
function bar(part: number): SVGSVGElement {
  const drawing = document.createElementNS(SVG, "svg") as SVGSVGElement;
  drawing.setAttribute("class", "psephos-bar__drawing");
  drawing.setAttribute("viewBox", `0 0 ${LENGTH} 10`);
  drawing.setAttribute("preserveAspectRatio", "none");
  const filled = document.createElementNS(SVG, "rect");
  filled.setAttribute("width", String(Math.round(LENGTH * part)));
  filled.setAttribute("height", "10");
  drawing.append(filled);
  return drawing;
}
