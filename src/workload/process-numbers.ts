/**
 * Processes of a recording, numbered from 1 in the order in which they are met. A pid of the kernel's may be
 * several processes of a trace: the address space of one ends with exec and exit.
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import type { ImportedProcess } from './import-notes.ts';

/** Gives processes their numbers. */
export class ProcessNumbers {
  readonly #current = new Map<number, number>();
  readonly #all: { pid: number; was: number; name?: string }[] = [];

  /** The number of kernel process `was`, whose command is called `name`. */
  of(was: number, name: string): number {
    const known = this.#current.get(was);
    if (known !== undefined) return known;
    const pid = this.#all.length + 1;
    this.#current.set(was, pid);
    this.#all.push({ pid, was, ...(name === '' ? {} : { name: toPrintable(name as ByteString) }) });
    return pid;
  }

  /** `was` has ended, or runs another program from now on. */
  end(was: number): void {
    this.#current.delete(was);
  }

  get all(): readonly ImportedProcess[] {
    return this.#all;
  }
}
