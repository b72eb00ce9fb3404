/** The accessibility statement: what was tested and how, what is known not to work, and where help is. */

import type { Key } from "../../words/words.ts";
import { h, p } from "../dom.ts";
import { Shell } from "../shell.ts";
import { firstLanguage } from "../start_language.ts";

/** The day of the statement; it changes with what the statement says. */
const PREPARED = "2026-11-22T12:00:00Z";

const SECTIONS: readonly (readonly [heading: Key, paragraphs: readonly Key[], items?: readonly Key[]])[] = [
  ["statementAim", ["statementAimText"]],
  [
    "statementTested",
    ["statementTestedText"],
    ["statementTestedAxe", "statementTestedChecks", "statementTestedKeyboard", "statementTestedNarrow", "statementTestedWebkit"],
  ],
  ["statementNot", ["statementNotText"], ["statementNotPeople", "statementNotReaders", "statementNotWelsh", "statementNotAudit"]],
  [
    "statementLimits",
    [],
    ["statementLimitScript", "statementLimitCode", "statementLimitPicture", "statementLimitFiles", "statementLimitNames"],
  ],
  ["statementHelp", ["statementHelpText", "statementHelpOther"]],
];

const shell = new Shell(firstLanguage(), draw, null);
draw();

function draw(): void {
  const { words } = shell;
  shell.show({
    title: words.say("statementTitle"),
    body: [
      p(words.say("statementAbout")),
      ...SECTIONS.flatMap(([heading, paragraphs, items]) => [
        h("h2", { class: "govuk-heading-m" }, words.say(heading)),
        ...paragraphs.map((each) => p(words.say(each))),
        items && h("ul", { class: "govuk-list govuk-list--bullet" }, ...items.map((each) => h("li", {}, words.say(each)))),
      ]),
      p(words.say("statementPrepared", { day: words.day(PREPARED) })),
    ],
  });
}
