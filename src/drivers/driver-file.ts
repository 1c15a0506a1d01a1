/**
 * What most drivers leave as it is: names, no flags, no actions, no pages of their own.
 *
 * @module
 */
import type { Page } from '../mm/frames.ts';
import type { VmOperations } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import type { Driver, DriverAction, DriverName } from './driver.ts';

/** Pages that belong to a driver: its own, or a page cache. */
export interface PageHolder {
  /** References held to a page. */
  references(page: Page): number;
  /** The page for file page `index`, if there is one. */
  get(index: number): Page | undefined;
  /** Gives all back. */
  close(): void;
}

const NO_PAGES: PageHolder = {
  references: () => 0,
  get: () => undefined,
  close: () => undefined,
};

/** Base of the drivers here. */
export abstract class DriverFile implements Driver {
  abstract readonly kind: string;
  abstract readonly ops: VmOperations;
  readonly name: string;
  readonly device: string;
  readonly ino: number;
  readonly readOnly: boolean = false;
  readonly mmapFlags: number = 0;
  readonly actions: Readonly<Record<string, DriverAction>> = {};
  protected readonly memory: Memory;
  /** What it has pages in. */
  protected readonly holder: PageHolder = NO_PAGES;

  constructor(memory: Memory, { name, device, ino }: DriverName) {
    this.memory = memory;
    this.name = name;
    this.device = device;
    this.ino = ino;
  }

  ownReferences(page: Page): number {
    return this.holder.references(page);
  }

  pageAt(index: number): Page | undefined {
    return this.holder.get(index);
  }

  close(): void {
    this.holder.close();
  }
}

/** `0x…`, for messages. */
export const hex = (value: number): string => `0x${value.toString(16)}`;
