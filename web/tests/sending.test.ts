import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Refused, type Refusal, Unanswered } from "../src/client.ts";
import { type Progress, Sending } from "../src/pages/vote/sending.ts";

/** What comes of each attempt, and what was told; time passes by itself. */
async function sent(
  ...answers: readonly (Refusal | "lost" | "stored")[]
): Promise<{ end: Refusal | null; told: Progress[]; left: number }> {
  mock.timers.enable({ apis: ["setTimeout"] });
  const told: Progress[] = [];
  const left = [...answers];
  const sending = new Sending(
    async () => {
      const answer = left.shift();
      assert.ok(answer, "one attempt too many");
      if (answer === "lost") throw new Unanswered();
      if (answer !== "stored") throw new Refused(answer);
    },
    (progress, again) => {
      told.push(progress);
      if (progress === "settling") again(); // changes nothing: the time has to pass
      if (progress === "settling") setImmediate(() => mock.timers.tick(10_000));
      else if (progress !== "sending") queueMicrotask(again);
    },
  );
  try {
    return { end: await sending.done(), told, left: left.length };
  } finally {
    mock.timers.reset();
  }
}

test("a refusal is believed at once while everything was answered", async () => {
  for (const why of ["no access", "not open", "not valid", "not new"] as const) {
    assert.deepEqual(await sent(why), { end: why, told: ["sending"], left: 0 });
    assert.equal((await sent("busy", why)).end, why);
  }
});

test("after a request that was not answered a refusal is asked for once more", async () => {
  assert.deepEqual(await sent("lost", "no access", "stored"), {
    end: null,
    told: ["sending", "lost", "sending", "settling", "sending"],
    left: 0,
  });
  assert.equal((await sent("lost", "no access", "no access")).end, "no access");
  assert.equal((await sent("lost", "not open", "lost", "not open", "stored")).end, null);
});

test("busy is said to have stored nothing only as long as nothing is in doubt", async () => {
  assert.deepEqual((await sent("busy", "busy", "stored")).told, ["sending", "busy", "sending", "busy", "sending"]);
  assert.deepEqual((await sent("lost", "busy", "stored")).told, ["sending", "lost", "sending", "lost", "sending"]);
  assert.deepEqual((await sent("unknown", "busy", "stored")).told, ["sending", "lost", "sending", "lost", "sending"]);
});

test("a refusal because of too many requests says nothing about the vote", async () => {
  assert.deepEqual((await sent("too many", "stored")).told, ["sending", "lost", "sending"]);
});

test("it goes on for as long as somebody asks", async () => {
  const many = Array.from({ length: 12 }, () => "lost" as const);
  assert.equal((await sent(...many, "stored")).end, null);
});
