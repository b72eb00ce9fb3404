/** Starts the voter's page, if the browser has all that it takes; else the words of the page itself stay (CL-14). */

import { WorkerClient } from "../../worker_client.ts";
import { p } from "../dom.ts";
import { button } from "../parts.ts";
import { Shell } from "../shell.ts";
import { Altered, firstLanguage, startWorker } from "../start.ts";
import { fragmentOf, referenceOf, Vote } from "./vote.ts";

const fragment = fragmentOf(location.hash);
history.replaceState(null, "", location.pathname); // before anything is asked for (CL-07)
const language = firstLanguage();
startWorker().then(
  (worker) => worker && new Vote(language, new WorkerClient(worker)).begin(referenceOf(location.pathname), fragment),
  (error: unknown) => {
    const shell = new Shell(language, draw, null);
    function draw(): void {
      const { words } = shell;
      const retry = button(words.say("lostRetry"), () => location.reload());
      const altered = error instanceof Altered;
      const text = p(words.say(altered ? "alteredText" : "offlineText"));
      shell.show({ title: words.say(altered ? "alteredTitle" : "offlineTitle"), body: [text, !altered && retry] });
    }
    draw();
  },
);
