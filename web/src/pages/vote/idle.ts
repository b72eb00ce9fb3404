/** Somebody who leaves a page open: is warned, may stay, and keeps all answers until then (WCAG 2.2.1). */

const MINUTE = 60_000;
/** Minutes without a touch before the warning, and from the warning to the end. */
export const QUIET = 20;
export const WARNED = 5;

export class Idle {
  readonly #warn: (minutes: number) => void;
  readonly #end: () => void;
  #timers: number[] = [];

  constructor(warn: (minutes: number) => void, end: () => void) {
    this.#warn = warn;
    this.#end = end;
    for (const event of ["pointerdown", "keydown", "scroll"]) addEventListener(event, () => this.#touched(), { passive: true });
  }

  /** From now on the time counts; any touch begins it again. */
  start(): void {
    this.stop();
    this.#timers = [window.setTimeout(() => this.#warned(), QUIET * MINUTE)];
  }

  /** It counts no more. */
  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }

  /** Whether somebody was warned, and has not said anything since. */
  get warned(): boolean {
    return this.#timers.length === 2;
  }

  #touched(): void {
    if (this.#timers.length === 1) this.start(); // once warned, only the button says that somebody is there
  }

  #warned(): void {
    this.#warn(WARNED);
    this.#timers = [window.setTimeout(() => this.#end(), WARNED * MINUTE), 0];
  }
}
