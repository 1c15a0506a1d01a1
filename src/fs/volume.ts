/**
 * An opened AXFS image as a read-only tree: look-ups, directories, links and file contents. This is the
 * part of a mount that needs no memory management; commands that only read use it alone, and a mount adds
 * page cache and mappings on top of it.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';
import { fromBytes, toPrintable } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { ignoreEvents } from '../base/events.ts';
import type { EventSink } from '../base/events.ts';
import { PAGE_SIZE, inodeNumber } from '../base/units.ts';
import type { InodeNumber } from '../base/units.ts';
import type { MtdDevice } from '../mtd/device.ts';
import { PATH_MAX } from '../ondisk/constants.ts';
import { ChildClaims } from './child-claims.ts';
import { closeImage, openImage } from './image.ts';
import type { ImageOptions, OpenImage } from './image.ts';
import { InodeTable, ROOT_INODE } from './inode.ts';
import type { Inode } from './inode.ts';
import { NodeReader } from './nodes.ts';

/** What opening an image needs beside the device. */
export interface VolumeOptions extends ImageOptions {
  readonly sink?: EventSink;
  /** Bytes of expanded cblocks to keep; by default one cblock, as the driver. */
  readonly cblockBytes?: number;
}

/** One entry of a walk over the whole tree. */
export interface WalkEntry {
  /** Path from the root, `.` for the root itself, without leading slash otherwise. */
  readonly path: ByteString;
  readonly inode: Inode;
}

/** A child of a directory, met on a walk. */
export interface WalkedChild extends WalkEntry {
  readonly name: ByteString;
}

/** Told what a walk leaves out: why, which inode, and its path or, where that is not known, its directory's. */
export type DamageSink = (error: AxfsError, inode: InodeNumber, path: ByteString) => void;

/** Links followed in one look-up: the kernel's limit. */
const MAX_SYMLINKS = 40;
/** Bytes of a path, or of a link's target, without the NUL at its end. */
const PATH_BYTES = PATH_MAX - 1;

/** An open image. */
export class AxfsVolume {
  readonly image: OpenImage;
  readonly inodes: InodeTable;
  readonly nodes: NodeReader;
  readonly root: Inode;
  readonly #page = new Uint8Array(PAGE_SIZE);

  /**
   * Opens the image at offset 0 of `device`.
   *
   * @throws AxfsError EINVAL when it is not a readable AXFS image; as {@link openImage}.
   */
  constructor(device: MtdDevice, options: VolumeOptions) {
    this.image = openImage(device, options);
    this.inodes = new InodeTable(this.image);
    this.nodes = new NodeReader(this.image, options.sink ?? ignoreEvents, options.cblockBytes);
    try {
      this.root = this.#readRoot();
    } catch (error) {
      closeImage(this.image);
      throw error;
    }
  }

  get name(): string {
    return this.image.source.name;
  }

  /**
   * Inode at `path`, from the root whether or not it starts with a slash. Symlinks on the way are followed,
   * one at its end unless `follow` is false.
   *
   * @throws AxfsError ENOENT, ENOTDIR, ELOOP naming the path.
   */
  resolve(path: ByteString, follow = true): Inode {
    const fail = (code: 'ENOENT' | 'ENOTDIR' | 'ELOOP', what: string): never => {
      throw new AxfsError(code, `${this.name}: ${toPrintable(path)}: ${what}`);
    };
    const pending = path.split('/').reverse() as ByteString[];
    const stack: Inode[] = [this.root];
    let links = 0;
    for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
      const directory = stack.at(-1) ?? this.root;
      if (part === '' || part === '.') {
        if (directory.type !== 'dir') fail('ENOTDIR', 'not a directory');
        continue;
      }
      if (directory.type !== 'dir')
        fail('ENOTDIR', `'${toPrintable(part)}' is looked for in a ${directory.type}`);
      if (part === '..') {
        if (stack.length > 1) stack.pop();
        continue;
      }
      const number =
        this.inodes.lookup(directory, part) ?? fail('ENOENT', 'no such file or directory');
      const inode = this.inodes.get(number);
      const isLast = pending.length === 0;
      if (inode.type !== 'symlink' || (isLast && !follow)) {
        stack.push(inode);
        continue;
      }
      links += 1;
      if (links > MAX_SYMLINKS) fail('ELOOP', `more than ${String(MAX_SYMLINKS)} symbolic links`);
      const target = this.readlink(inode);
      if (target === '') fail('ENOENT', 'a symbolic link without target');
      if (target.startsWith('/')) stack.length = 1;
      pending.push(...(target.split('/').reverse() as ByteString[]));
    }
    return stack.at(-1) ?? this.root;
  }

  /** Children of a directory, in table order. @throws AxfsError ENOTDIR, EIO. */
  readdir(
    directory: Inode,
  ): readonly { readonly name: ByteString; readonly number: InodeNumber }[] {
    return this.inodes.readdir(directory);
  }

  /** Target of a symlink. @throws AxfsError EINVAL when the inode is none, EIO. */
  readlink(inode: Inode): ByteString {
    if (inode.type !== 'symlink')
      throw new AxfsError(
        'EINVAL',
        `${this.name}: inode ${String(inode.number)} is a ${inode.type}, not a symlink`,
      );
    if (inode.size > PATH_BYTES)
      throw new AxfsError(
        'EIO',
        `${this.name}: inode ${String(inode.number)}: symlink target has ${String(inode.size)} bytes, expected at most ${String(PATH_BYTES)}`,
      );
    const target = new Uint8Array(inode.size);
    this.read(inode, 0, target);
    return fromBytes(target);
  }

  /**
   * Copies a file's bytes from `offset` into `into`, up to its end; returns how many. Nothing is cached but
   * the expanded cblock.
   *
   * @throws AxfsError EISDIR or EINVAL when the inode has no contents, EIO when they are damaged.
   */
  read(inode: Inode, offset: number, into: Uint8Array): number {
    if (inode.type !== 'file' && inode.type !== 'symlink')
      throw new AxfsError(
        inode.type === 'dir' ? 'EISDIR' : 'EINVAL',
        `${this.name}: inode ${String(inode.number)} is a ${inode.type} and has no contents`,
      );
    const end = Math.min(inode.size, offset + into.length);
    let done = 0;
    while (offset + done < end) {
      const at = offset + done;
      const page = Math.floor(at / PAGE_SIZE);
      const inPage = at - page * PAGE_SIZE;
      this.nodes.readPage(inode.arrayIndex + page, bytesInPage(inode, page), this.#page);
      const count = Math.min(PAGE_SIZE - inPage, end - at);
      into.set(this.#page.subarray(inPage, inPage + count), done);
      done += count;
    }
    return done;
  }

  #readRoot(): Inode {
    const root = this.inodes.get(ROOT_INODE);
    if (root.type !== 'dir')
      throw new AxfsError(
        'EINVAL',
        `${this.name}: root inode is a ${root.type}, expected a directory`,
      );
    return root;
  }

  /**
   * Children of a directory met on a walk, in table order, one by one; `claims` remembers the walk's
   * directories, and is made by {@link newClaims}.
   *
   * @throws AxfsError EIO when two directories claim the same inode, or paths get longer than the kernel's: a
   * damaged image could otherwise name its few inodes by more paths than a walk ever ends with. With
   * `damaged`, a child that cannot be described is told there and left out instead.
   */
  *children(
    { path, inode: directory }: WalkEntry,
    claims: ChildClaims,
    damaged?: DamageSink,
  ): Generator<WalkedChild> {
    const tell = (error: unknown, number: InodeNumber, at: ByteString): void => {
      if (damaged === undefined || !(error instanceof AxfsError)) throw error;
      damaged(error, number, at);
    };
    try {
      claims.add(directory);
    } catch (error) {
      tell(error, directory.number, path);
      return;
    }
    const prefix = path === '.' ? '' : path.endsWith('/') ? path : `${path}/`;
    for (let i = 0; i < directory.numEntries; i += 1) {
      const number = inodeNumber(directory.arrayIndex + i);
      let at = path;
      try {
        const name = this.inodes.name(number);
        at = `${prefix}${name}` as ByteString;
        claims.check(directory, number);
        this.#checkPath(at, number);
        yield { path: at, name, inode: this.inodes.get(number) };
      } catch (error) {
        tell(error, number, at);
      }
    }
  }

  /** For {@link children}: a walk has found nothing yet. */
  newClaims(): ChildClaims {
    return new ChildClaims(this.name, this.inodes.count);
  }

  #checkPath(path: ByteString, number: InodeNumber): void {
    if (path.length > PATH_BYTES)
      throw new AxfsError(
        'EIO',
        `${this.name}: inode ${String(number)}: its path has ${String(path.length)} bytes, expected at most ${String(PATH_BYTES)}`,
      );
  }

  /**
   * Every inode once, directories before their children, children in table order.
   *
   * @throws AxfsError EIO when the tables are damaged, as {@link children}; with `damaged`, it goes on.
   */
  *walk(damaged?: DamageSink): Generator<WalkEntry> {
    const claims = this.newClaims();
    yield* preorder({ path: '.' as ByteString, inode: this.root }, (directory) =>
      this.children(directory, claims, damaged),
    );
  }
}

/** `top`, and each directory followed by what `childrenOf` gives for it; no deeper than directories are nested. */
export function* preorder<T extends { readonly inode: Inode }>(
  top: T,
  childrenOf: (directory: T) => Iterator<T>,
): Generator<T> {
  yield top;
  const open = top.inode.type === 'dir' ? [childrenOf(top)] : [];
  for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
    const next = last.next();
    if (next.done === true) {
      open.pop();
      continue;
    }
    yield next.value;
    if (next.value.inode.type === 'dir') open.push(childrenOf(next.value));
  }
}

/** Bytes of page `page` that lie before the end of the file. */
export const bytesInPage = (inode: Inode, page: number): number =>
  Math.max(0, Math.min(PAGE_SIZE, inode.size - page * PAGE_SIZE));
