/**
 * Somebody who leaves a page open: is warned, may stay, and keeps all answers until then (WCAG 2.2.1).
 *
 * A device that sleeps stops its timers and the clock they run by. So the time of day is looked at as well, whenever the page is seen again
 * or touched: who wakes the device after the whole time finds no answers.
 */

const MINUTE = 60_000;
/** Minutes without a touch before the warning, and from the warning to the end. */
export const QUIET = 20;
export const WARNED = 5;
/** Milliseconds between two looks at the clock, for devices that wake up without telling the page. */
const LOOK = 10_000;

export class Idle {
  readonly #warn: (minutes: number) => void;
  readonly #end: () => void;
  #timers: number[] = [];
  /** When the time began to count, by the clock that never goes back and by the one that goes on in sleep. */
  #since = { steady: 0, day: 0 };
  #warnedOf = false;

  constructor(warn: (minutes: number) => void, end: () => void) {
    this.#warn = warn;
    this.#end = end;
    for (const event of ["pointerdown", "keydown", "scroll"])
      addEventListener(event, () => this.#touched(), { capture: true, passive: true });
    for (const event of ["pageshow", "focus"]) addEventListener(event, () => this.#look());
    for (const event of ["visibilitychange", "resume"]) document.addEventListener(event, () => this.#look());
  }

  /** From now on the time counts; any touch begins it again. */
  start(): void {
    this.#begin(false, QUIET);
  }

  /** It counts no more. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
    this.#warnedOf = false;
  }

  /** Whether somebody was warned, and has not said anything since. */
  get warned(): boolean {
    return this.#warnedOf;
  }

  #begin(warned: boolean, minutes: number): void {
    this.stop();
    this.#warnedOf = warned;
    this.#since = { steady: performance.now(), day: Date.now() };
    const look = (): void => this.#look();
    this.#timers = [window.setTimeout(look, minutes * MINUTE), window.setInterval(look, LOOK)];
  }

  #touched(): void {
    this.#look();
    if (this.#timers.length && !this.#warnedOf) this.start(); // once warned, only the button says that somebody is there
  }

  #look(): void {
    if (!this.#timers.length) return;
    const quiet = Math.max(performance.now() - this.#since.steady, Date.now() - this.#since.day) / MINUTE;
    if (quiet >= (this.#warnedOf ? WARNED : QUIET + WARNED)) {
      this.stop();
      this.#end();
    } else if (!this.#warnedOf && quiet >= QUIET) {
      this.#begin(true, WARNED);
      this.#warn(WARNED);
    }
  }
}
