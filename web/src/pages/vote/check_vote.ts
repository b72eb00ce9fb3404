/** A locked vote that was opened: what another device needs to work out what was in it (cast as intended). */

import encodeQR from "qr";

import { shownCode } from "../../confirmation.ts";
import { slipOf, writeSlip } from "../../slip.ts";
import type { Key, Words } from "../../words/words.ts";
import { h, p } from "../dom.ts";
import { button, codeShown } from "../parts.ts";
import type { Screen } from "../shell.ts";

const SVG = "http://www.w3.org/2000/svg";

/** The screen; `done` leads back to voting. */
export function checkScreen(
  words: Words,
  electionId: string,
  ballot: { text: string; confirmationCode: string },
  opening: string,
  note: Key,
  done: () => void,
): Screen {
  const place = h("div", { class: "psephos-qr" });
  const link = h("a", { class: "govuk-link psephos-slip", target: "_blank", rel: "noreferrer" });
  void writeSlip(slipOf(electionId, ballot.text, opening)).then((slip) => {
    const address = `${location.origin}/check#${slip}`;
    link.href = address;
    link.textContent = address;
    try {
      place.replaceChildren(picture(encodeQR(address, "raw", { ecc: "medium" }), words.say("checkQr")));
    } catch {
      place.remove(); // more than a picture can hold: the address is left
    }
  });
  return {
    title: words.say("checkTitle"),
    body: [
      p(words.say("checkText")),
      place,
      h("p", { class: "govuk-body" }, `${words.say("checkLinkLabel")}: `, link),
      p(words.say("checkCompare")),
      codeShown(shownCode(ballot.confirmationCode)),
      h("div", { class: "govuk-inset-text" }, words.say(note)),
      button(words.say("checkDone"), done),
    ],
  };
}

/** A QR code as one path of squares, dark on light in every colour scheme. */
function picture(rows: readonly (readonly boolean[])[], label: string): SVGSVGElement {
  const drawing = document.createElementNS(SVG, "svg") as SVGSVGElement;
  drawing.setAttribute("viewBox", `0 0 ${rows.length} ${rows.length}`);
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", label);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", rows.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ""))).join(""));
  drawing.append(path);
  return drawing;
}
