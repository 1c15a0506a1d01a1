/**
 * What every driver here is: a file that can be mapped, with actions that a script or a test calls by name.
 * Drivers are made from the table in drivers.ts.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { Page } from '../mm/frames.ts';
import type { KernelPreset } from '../mm/kernel.ts';
import type { MappedFile } from '../mm/mappable.ts';
import type { Memory } from '../mm/memory.ts';
import { parseOptions } from './options.ts';
import type { OptionTable, OptionTexts, OptionValues } from './options.ts';

/** Something that a driver does beside faults: switch its frames, write, truncate. */
export interface DriverAction {
  /** One phrase for lists. */
  readonly purpose: string;
  readonly options: OptionTable;
  /**
   * Does it, and says in one line what was done.
   *
   * @throws AxfsError EINVAL for a wrong option; as the action says.
   */
  run(texts: OptionTexts): string;
}

/** An open file of a driver or small file system. */
export interface Driver extends MappedFile {
  /** Name in the table of drivers. */
  readonly kind: string;
  /** By name. */
  readonly actions: Readonly<Record<string, DriverAction>>;
  /** References to a page that the driver itself holds, its page cache included, for `assertMm`. */
  ownReferences(page: Page): number;
  /** The page with struct page that it has for file page `index`, if it has one; no reference is taken. */
  pageAt(index: number): Page | undefined;
  /** Gives back every page it owns: the device goes away. Its vmas are unmapped by now. */
  close(): void;
}

/** How a driver appears in /proc: path, device and inode number. */
export interface DriverName {
  readonly name: string;
  readonly device: string;
  readonly ino: number;
}

/** A row of the table of drivers. */
export interface DriverKind {
  /** One sentence. */
  readonly purpose: string;
  readonly options: OptionTable;
  /** What it asks of a kernel, as a phrase; undefined when every kernel will do. */
  readonly needs: string | undefined;
  /** The kernel has it. */
  runsOn(kernel: KernelPreset): boolean;
  /**
   * Makes one.
   *
   * @throws AxfsError EINVAL for a wrong option; EOPNOTSUPP on a kernel without what it needs; ENOMEM without
   * RAM for its pages.
   */
  create(memory: Memory, name: DriverName, texts: OptionTexts): Driver;
}

/** A row of an action table, its options parsed. */
export const action = <T extends OptionTable>(
  name: string,
  purpose: string,
  options: T,
  run: (values: OptionValues<T>) => string,
): DriverAction => ({
  purpose,
  options,
  run: (texts) => run(parseOptions(`action ${name}`, options, texts)),
});

/** A driver, as its own file says it; `make` gets its options parsed. */
export interface DriverSpec<T extends OptionTable> {
  readonly kind: string;
  readonly purpose: string;
  readonly options: T;
  /** What it asks of a kernel, and whether one has it; default: nothing. */
  readonly needs?: { readonly what: string; readonly test: (kernel: KernelPreset) => boolean };
  readonly make: (memory: Memory, name: DriverName, values: OptionValues<T>) => Driver;
}

/** A row of the table of drivers. */
export function driverKind<T extends OptionTable>(spec: DriverSpec<T>): DriverKind {
  const { kind, purpose, options, needs } = spec;
  const runsOn = (kernel: KernelPreset): boolean => needs?.test(kernel) ?? true;
  return {
    purpose,
    options,
    needs: needs?.what,
    runsOn,
    create: (memory, name, texts) => {
      const values = parseOptions(`device ${name.name} (${kind})`, options, texts);
      if (!runsOn(memory.kernel))
        throw new AxfsError(
          'EOPNOTSUPP',
          `device ${name.name} (${kind}) on kernel ${memory.kernel.name}, expected ${needs?.what ?? ''}`,
        );
      return spec.make(memory, name, values);
    },
  };
}
