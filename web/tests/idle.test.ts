import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Idle } from "../src/pages/vote/idle.ts";

const MINUTE = 60_000;
let steady = 0;
let day = 1_000_000_000;
let told: string[] = [];

/** A page of which only its events and clocks are there. */
beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  mock.method(performance, "now", () => steady);
  mock.method(Date, "now", () => day);
  const page = new EventTarget();
  const listen = page.addEventListener.bind(page);
  Object.assign(globalThis, { window: globalThis, document: page, addEventListener: listen, tell: (event: string) => page.dispatchEvent(new Event(event)) }); // prettier-ignore
  told = [];
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

const tell = (event: string): unknown => (globalThis as unknown as { tell: (event: string) => boolean }).tell(event);

function idle(): Idle {
  const made = new Idle(
    (minutes) => told.push(`warned of ${minutes}`),
    () => told.push("ended"),
  );
  made.start();
  return made;
}

/** Somebody does nothing. */
function wait(minutes: number): void {
  steady += minutes * MINUTE;
  day += minutes * MINUTE;
  mock.timers.tick(minutes * MINUTE);
}

/** The device sleeps: neither timers nor the clock they run by go on. */
function sleep(minutes: number): void {
  day += minutes * MINUTE;
}

test("a warning after twenty minutes, the end five minutes later, and any touch before begins again", () => {
  const made = idle();
  wait(19);
  tell("pointerdown");
  wait(19.9);
  assert.deepEqual(told, []);
  wait(0.2);
  assert.deepEqual(told, ["warned of 5"]);
  assert.ok(made.warned);
  tell("keydown");
  wait(4.8);
  assert.equal(told.length, 1);
  wait(0.3);
  assert.deepEqual(told, ["warned of 5", "ended"]);
  wait(100);
  assert.equal(told.length, 2);
});

for (const event of ["visibilitychange", "resume", "pageshow", "focus", "pointerdown", "keydown", "a look at the clock"]) {
  test(`what is noticed of a sleep with ${event}`, () => {
    const wake = (): unknown => (event === "a look at the clock" ? wait(0.2) : tell(event));
    const made = idle();
    sleep(19);
    wake();
    assert.deepEqual(told, [], "not long enough");
    made.start();
    sleep(21);
    wake();
    assert.deepEqual(told, ["warned of 5"]);
    sleep(6);
    wake();
    assert.deepEqual(told, ["warned of 5", "ended"]);
    made.start();
    sleep(26);
    wake();
    assert.deepEqual(told.slice(2), ["ended"], "without a warning that nobody could see");
  });
}

test("a clock that is set back makes nothing longer", () => {
  idle();
  day -= 600 * MINUTE;
  wait(20.1);
  wait(5.1);
  assert.deepEqual(told, ["warned of 5", "ended"]);
});

test("once stopped, it counts nothing", () => {
  const made = idle();
  made.stop();
  sleep(100);
  tell("resume");
  wait(100);
  assert.deepEqual(told, []);
});
