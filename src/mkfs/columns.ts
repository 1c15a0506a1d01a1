/**
 * Growing columns of numbers in typed arrays: a tree of 2 GB has half a million nodes, and a plain array
 * would cost several times their bytes.
 *
 * @module
 */
import { assert } from '../base/assert.ts';

type TypedArray = Uint8Array | Int32Array | Uint32Array | Float64Array;

const FIRST_ROOM = 256;

/** Numbers by index, from 0 on without gaps. */
export class Column<A extends TypedArray = TypedArray> {
  readonly #make: new (length: number) => A;
  #values: A;
  #length = 0;

  constructor(make: new (length: number) => A) {
    this.#make = make;
    this.#values = new make(FIRST_ROOM);
  }

  get length(): number {
    return this.#length;
  }

  /** Appends `value` and says where it stands. */
  push(value: number): number {
    const at = this.#length;
    if (at === this.#values.length) {
      const larger = new this.#make(2 * at);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#length += 1;
    this.set(at, value);
    return at;
  }

  get(index: number): number {
    const value = index < this.#length ? this.#values[index] : undefined;
    assert(
      value !== undefined,
      () => `a column has the entry: ${String(index)} of ${String(this.#length)}`,
    );
    return value;
  }

  /** Changes an entry that is there; the value fits the column's type. */
  set(index: number, value: number): void {
    assert(
      index < this.#length,
      () => `a column has the entry: ${String(index)} of ${String(this.#length)}`,
    );
    this.#values[index] = value;
    assert(
      this.#values[index] === value,
      () => `a value fits its column: ${String(value)} became ${String(this.#values[index])}`,
    );
  }

  /** Drops the entries from `length` on. */
  truncate(length: number): void {
    assert(
      length <= this.#length,
      () => `a column has that many entries: ${String(length)} of ${String(this.#length)}`,
    );
    this.#length = length;
  }

  /** The numbers so far, as a view. */
  values(): A {
    return this.#values.subarray(0, this.#length) as A;
  }
}
