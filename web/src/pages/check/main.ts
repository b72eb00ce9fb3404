/** Starts the page that checks a locked vote; what its address says is gone before anything is asked for. */

import { WorkerClient } from "../../worker_client.ts";
import { p } from "../dom.ts";
import { button } from "../parts.ts";
import { takeFragment } from "../places.ts";
import { Shell } from "../shell.ts";
import { Altered, firstLanguage, startWorker } from "../start.ts";
import { Check } from "./check.ts";

let fragment = takeFragment();
let current: Check | null = null;
addEventListener("hashchange", () => {
  const next = takeFragment(); // another picture was scanned into the same tab
  if (!next) return;
  fragment = next;
  void current?.begin(fragment);
});
start();

function start(): void {
  startWorker().then((worker) => {
    if (!worker) return;
    current = new Check(firstLanguage(), new WorkerClient(worker));
    void current.begin(fragment);
  }, unreachable);
}

function unreachable(error: unknown): void {
  const shell = new Shell(firstLanguage(), draw, null);
  function draw(): void {
    const { words } = shell;
    if (error instanceof Altered) {
      shell.show({ title: words.say("alteredTitle"), body: [p(words.say("alteredText"))] });
      return;
    }
    shell.show({ title: words.say("recordOffline"), body: [p(words.say("recordOfflineText")), button(words.say("lostRetry"), start)] });
  }
  draw();
}
