/** The language of a page at its start. */

import type { Language } from "../words/words.ts";

/** The language that the browser asks for: Welsh if it comes before English. */
export function firstLanguage(): Language {
  const wanted = navigator.languages.map((each) => each.slice(0, 2)).find((each) => each === "en" || each === "cy");
  return wanted === "cy" ? "cy" : "en";
}
