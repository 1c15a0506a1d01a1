/**
 * Work that goes on while more is prepared: at most so many pieces at once, and of several failures always the
 * same one, whichever came first.
 *
 * @module
 */

/** Pieces of work under way. */
export class InFlight<T> {
  readonly #limit: number;
  readonly #started: Promise<T>[] = [];
  readonly #failures = new Map<number, unknown>();
  #running = 0;
  #wake: () => void = () => undefined;

  /** @param limit pieces that go on at once, at least 1. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Something has failed so far. */
  get hasFailed(): boolean {
    return this.#failures.size > 0;
  }

  /** Starts a piece as soon as fewer than the limit go on; gives its result to come, wrapped no further. */
  async start(work: () => Promise<T>): Promise<{ readonly result: Promise<T> }> {
    while (this.#running >= this.#limit)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const index = this.#started.length;
    this.#running += 1;
    const result = work().finally(() => {
      this.#running -= 1;
      this.#wake();
    });
    result.catch((error: unknown) => this.#failures.set(index, error));
    this.#started.push(result);
    return { result };
  }

  /** Waits until nothing goes on any more. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#started);
  }

  /** Throws the failure of the piece that was started first, if one failed. */
  throwFirst(): void {
    const first = Math.min(...this.#failures.keys());
    if (Number.isFinite(first)) throw this.#failures.get(first);
  }
}
