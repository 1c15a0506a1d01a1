/**
 * Contents of files in two images: whether they differ, and how their pages are stored. Files may share
 * pages, so each pair of contents is looked at once, however many files have it.
 *
 * @module
 */
import { bytesEqual } from '../base/bytes.ts';
import { PAGE_SIZE } from '../base/units.ts';
import type { Inode } from '../fs/inode.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { NODE_TYPE_NAMES } from '../ondisk/constants.ts';
import type { NodeTypeName } from '../ondisk/constants.ts';
import { contentKey } from './max-bytes.ts';

/** Bytes compared at a time: a whole number of pages. */
const CHUNK = 64 * PAGE_SIZE;

/** Pages that are stored one way in the first image and another way in the second. */
export interface PageMove {
  readonly from: NodeTypeName;
  readonly to: NodeTypeName;
  readonly pages: number;
}

/** Two inodes under one path. */
export interface InodePair {
  readonly a: Inode;
  readonly b: Inode;
}

/** What became of the contents of a pair. */
export interface ContentDifference {
  /** Bytes or link target differ. */
  readonly differs: boolean;
  /** Pages of the same number that are stored in another way. */
  readonly moves: readonly PageMove[];
}

/** Contents that do not differ, as far as is known. */
export const NO_DIFFERENCE: ContentDifference = { differs: false, moves: [] };

const hasContent = ({ type }: Inode): boolean => type === 'file' || type === 'symlink';

/** Pairs of one key have the same answer. */
const keyOf = ({ a, b }: InodePair): string =>
  `${contentKey(a)} ${a.type} ${contentKey(b)} ${b.type}`;

/** Compares contents of two images, and remembers the answers. */
export class ContentComparer {
  readonly #a: AxfsVolume;
  readonly #b: AxfsVolume;
  readonly #known = new Map<string, ContentDifference>();
  readonly #chunkA = new Uint8Array(CHUNK);
  readonly #chunkB = new Uint8Array(CHUNK);

  constructor(a: AxfsVolume, b: AxfsVolume) {
    this.#a = a;
    this.#b = b;
  }

  /** Bytes of each image that comparing all these pairs would look at. */
  bytesOf(pairs: readonly InodePair[]): number {
    const bytes = new Map<string, number>();
    for (const pair of pairs)
      if (hasContent(pair.a) && hasContent(pair.b))
        bytes.set(keyOf(pair), Math.min(pair.a.size, pair.b.size));
    return [...bytes.values()].reduce((sum, size) => sum + size, 0);
  }

  /** The answer for one pair. @throws AxfsError EIO when an image is damaged there. */
  compare(pair: InodePair): ContentDifference {
    if (!hasContent(pair.a) || !hasContent(pair.b)) return NO_DIFFERENCE;
    const key = keyOf(pair);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const answer = { differs: this.#differ(pair), moves: this.#moves(pair) };
    this.#known.set(key, answer);
    return answer;
  }

  /** A file and a symlink differ in type, which is said elsewhere. */
  #differ({ a, b }: InodePair): boolean {
    if (a.type !== b.type) return false;
    if (a.size !== b.size) return true;
    for (let offset = 0; offset < a.size; offset += CHUNK) {
      const count = this.#a.read(a, offset, this.#chunkA);
      this.#b.read(b, offset, this.#chunkB);
      if (!bytesEqual(this.#chunkA.subarray(0, count), this.#chunkB.subarray(0, count)))
        return true;
    }
    return false;
  }

  #moves({ a, b }: InodePair): readonly PageMove[] {
    const counter = new MoveCounter();
    const typeOf = ({ nodes }: AxfsVolume, node: number): NodeTypeName =>
      NODE_TYPE_NAMES[nodes.type(node)] ?? 'xip';
    for (let page = 0; page < Math.min(a.numEntries, b.numEntries); page += 1) {
      const from = typeOf(this.#a, a.arrayIndex + page);
      const to = typeOf(this.#b, b.arrayIndex + page);
      if (from !== to) counter.add(from, to);
    }
    return counter.moves;
  }
}

/** Counts moves by where from and where to. */
export class MoveCounter {
  readonly #counts = new Map<string, PageMove>();

  add(from: NodeTypeName, to: NodeTypeName, pages = 1): void {
    const key = `${from} ${to}`;
    const before = this.#counts.get(key)?.pages ?? 0;
    this.#counts.set(key, { from, to, pages: before + pages });
  }

  addAll(moves: readonly PageMove[]): void {
    for (const { from, to, pages } of moves) this.add(from, to, pages);
  }

  /** In the order of the node types. */
  get moves(): readonly PageMove[] {
    return NODE_TYPE_NAMES.flatMap((from) =>
      NODE_TYPE_NAMES.flatMap((to) => this.#counts.get(`${from} ${to}`) ?? []),
    );
  }
}
