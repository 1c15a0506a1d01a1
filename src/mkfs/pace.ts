/**
 * Pauses in long work, so that whoever runs it may look after other things: a program that nobody can
 * interrupt otherwise. What a pause does, and how long it takes, is the caller's; the work comes out the same.
 *
 * @module
 */

/** Comes back when the work may go on. */
export type Pause = () => Promise<void>;

/** Steps between two pauses: of pages that are read and compared, some milliseconds. */
const STEPS = 256;

/** Counts steps of work. */
export class Pace {
  readonly #pause: Pause | undefined;
  readonly #steps: number;
  #left: number;

  /** Without `pause` the work goes on without one. */
  constructor(pause: Pause | undefined, steps = STEPS) {
    this.#pause = pause;
    this.#steps = steps;
    this.#left = steps;
  }

  /** Counts a step, and gives a pause to wait for when it is time for one. */
  step(): Promise<void> | undefined {
    this.#left -= 1;
    if (this.#left > 0) return undefined;
    this.#left = this.#steps;
    return this.#pause?.();
  }
}
