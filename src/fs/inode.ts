/**
 * Inodes of an open image: rows of the inode tables as values, names, and directories' children.
 *
 * @module
 */
import { fromBytes, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { inodeNumber, pagesOf } from '../base/units.ts';
import type { InodeNumber } from '../base/units.ts';
import { NAME_MAX } from '../ondisk/constants.ts';
import { decodeRdev, typeOfMode } from '../ondisk/mode.ts';
import type { DeviceNumber, InodeType } from '../ondisk/mode.ts';
import type { OpenImage } from './image.ts';
import { inodeCount } from './tables.ts';

/** The root directory's inode number. */
export const ROOT_INODE: InodeNumber = inodeNumber(0);

/** Types whose stored size means something: contents, or a device number. */
export const SIZED: readonly InodeType[] = ['file', 'symlink', 'char', 'block'];

/** One inode. */
export interface Inode {
  readonly number: InodeNumber;
  readonly type: InodeType;
  /** st_mode with type bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of a file or symlink; a directory's is cosmetic; 0 for the others. */
  readonly size: number;
  /** Directory: number of children. File, symlink: pages. */
  readonly numEntries: number;
  /** Directory: first child's inode number. File, symlink: first page's node number. Meaningless when `numEntries` is 0. */
  readonly arrayIndex: number;
  /** Character and block devices. */
  readonly rdev?: DeviceNumber;
}

/** Children of a directory by name. */
interface NamedChildren {
  readonly byName: ReadonlyMap<ByteString, InodeNumber>;
  /** What is wrong with the first name that is damaged. */
  readonly damage: AxfsError | undefined;
}

/** Reads inodes by number. */
export class InodeTable {
  /** As the superblock says, as far as the tables have rows. */
  readonly count: number;
  readonly #image: OpenImage;
  readonly #children = new Map<InodeNumber, NamedChildren>();

  constructor(image: OpenImage) {
    this.#image = image;
    this.count = inodeCount(image.tables, image.superblock.files);
  }

  /**
   * Inode `number`.
   *
   * @throws AxfsError EIO when the tables do not describe one: the image is damaged.
   */
  get(number: InodeNumber): Inode {
    const { tables } = this.#image;
    const damaged = (what: string): never => this.#damaged(number, what);
    if (number >= this.count) damaged(`there are only ${String(this.count)} inodes`);
    const modeIndex = tables.inode_mode_index.get(number);
    const mode = tables.modes.get(modeIndex);
    const type = typeOfMode(mode) ?? damaged(`mode 0${mode.toString(8)} has no known type`);
    const { inode_file_size: sizes, inode_array_index: firsts } = tables;
    const numEntries = tables.inode_num_entries.get(number);
    const storedSize = SIZED.includes(type) ? sizes.get(number) : sizes.getClamped(number);
    const arrayIndex = numEntries > 0 ? firsts.get(number) : firsts.getClamped(number);
    if (type === 'dir' && numEntries > 0) {
      if (arrayIndex <= number || arrayIndex + numEntries > this.count)
        damaged(
          `children ${String(arrayIndex)} to ${String(arrayIndex + numEntries - 1)} lie outside ${String(number + 1)} to ${String(this.count - 1)}`,
        );
      const { size } = this.#image.regions.strings;
      if (numEntries > size)
        damaged(
          `${String(numEntries)} children, expected at most one for each of the ${String(size)} bytes of strings`,
        );
    }
    if ((type === 'file' || type === 'symlink') && numEntries !== pagesOf(storedSize))
      damaged(
        `${String(storedSize)} bytes need ${String(pagesOf(storedSize))} pages, not ${String(numEntries)}`,
      );
    const isDevice = type === 'char' || type === 'block';
    return {
      number,
      type,
      mode,
      uid: tables.uids.get(modeIndex),
      gid: tables.gids.get(modeIndex),
      size: isDevice || type === 'fifo' || type === 'socket' ? 0 : storedSize,
      numEntries,
      arrayIndex,
      ...(isDevice ? { rdev: decodeRdev(storedSize) } : {}),
    };
  }

  /**
   * Name of an inode, without its directory. The root's is not a name.
   *
   * @throws AxfsError EIO when it is empty, too long, not terminated, or no name at all.
   */
  name(number: InodeNumber): ByteString {
    const { regions, tables } = this.#image;
    const strings = regions.strings.resident;
    const offset = tables.inode_name_offset.get(number);
    // No further than a name can go: strings may be long, and have no NUL at all.
    const held = strings.subarray(offset, offset + NAME_MAX + 1);
    const length = held.indexOf(0);
    if (length < 0)
      this.#damaged(
        number,
        offset + held.length < strings.length
          ? `name at offset ${String(offset)} of strings has more than ${String(NAME_MAX)} bytes`
          : `name at offset ${String(offset)} of strings does not end`,
      );
    if (length === 0) this.#damaged(number, `name has 0 bytes, expected 1 to ${String(NAME_MAX)}`);
    const name = fromBytes(held.subarray(0, length));
    if (name === '.' || name === '..' || name.includes('/'))
      this.#damaged(number, `'${toPrintable(name)}' cannot be a name`);
    return name;
  }

  /** Children of a directory in table order: name and inode number. */
  readdir(
    directory: Inode,
  ): readonly { readonly name: ByteString; readonly number: InodeNumber }[] {
    this.#requireDirectory(directory);
    return Array.from({ length: directory.numEntries }, (_, i) => {
      const number = inodeNumber(directory.arrayIndex + i);
      return { name: this.name(number), number };
    });
  }

  /**
   * The child called `name`, or `undefined`; of several, the first, as the driver finds them. A child whose
   * name is damaged does not stand in the way of the others.
   *
   * @throws AxfsError ENOTDIR; EIO when there is no such child, but one whose name is damaged.
   */
  lookup(directory: Inode, name: ByteString): InodeNumber | undefined {
    let children = this.#children.get(directory.number);
    if (children === undefined) {
      children = this.#childrenOf(directory);
      this.#children.set(directory.number, children);
    }
    const found = children.byName.get(name);
    if (found === undefined && children.damage !== undefined) throw children.damage;
    return found;
  }

  #childrenOf(directory: Inode): NamedChildren {
    this.#requireDirectory(directory);
    const byName = new Map<ByteString, InodeNumber>();
    let damage: AxfsError | undefined;
    for (let i = 0; i < directory.numEntries; i += 1) {
      const number = inodeNumber(directory.arrayIndex + i);
      try {
        const name = this.name(number);
        if (!byName.has(name)) byName.set(name, number);
      } catch (error) {
        if (!(error instanceof AxfsError)) throw error;
        damage ??= error;
      }
    }
    return { byName, damage };
  }

  #requireDirectory(inode: Inode): void {
    if (inode.type !== 'dir')
      throw new AxfsError(
        'ENOTDIR',
        `${this.#image.source.name}: inode ${String(inode.number)} is a ${inode.type}, not a directory`,
      );
  }

  #damaged(number: number, what: string): never {
    throw new AxfsError('EIO', `${this.#image.source.name}: inode ${String(number)}: ${what}`);
  }
}
