/**
 * The pages of a tree that a policy selects, with what choosing among them needs to know: how often each
 * was used, whether it is written, what it would take compressed. Contents are read once, and only of files
 * that have such pages. A page is measured by itself: where the builder compresses several together, it saves
 * less by leaving the cblock than was measured, and the image grows by more than a choice says. So it does by a
 * page whose content other files have, too, where it is not selected: it stays compressed for those.
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import { isAligned, pageNumber } from '../base/bits.ts';
import type { ByteString } from '../base/bytestring.ts';
import { PAGE_SIZE, pagesOf } from '../base/units.ts';
import type { PageCompressor } from '../codec/compressor.ts';
import { fingerprint } from '../codec/page-hash.ts';
import { choose } from './choose.ts';
import type { Bar, Candidate, Choice, PageSets } from './choose.ts';
import { readElfHead, writtenPages } from './choose-elf.ts';
import { profileOfPolicy, selectPages } from './policy.ts';
import type { XipPolicy } from './policy.ts';
import { regularFiles } from './profile-forms.ts';
import { profileOf } from './profile.ts';
import type { PageProfile } from './profile.ts';
import { sizeOf } from './tree.ts';
import type { FileContent, TreeDirectory, TreeFile } from './tree.ts';

/** Says what pages take in an image when they are not executed in place. */
export interface PageSizer {
  /** Batches in flight that keep it fully busy, at least 1. */
  readonly parallelism: number;
  sizes(pages: readonly Uint8Array[]): Promise<readonly number[]>;
}

/** How to choose. */
export interface ChooseOptions {
  /** Selects what is chosen from; its list has the counts. */
  readonly policy: XipPolicy;
  /** Bytes of flash that may be added; needs `sizer`. Without it everything not barred is taken. */
  readonly budget?: number;
  /** Measures pages; without it sizes stay unknown. */
  readonly sizer?: PageSizer;
  /** Pages known to be written: left out. */
  readonly written?: PageSets;
  /** Leaves out pages that ELF programs write or relocate. */
  readonly excludeElfData?: boolean;
  /** As the builder's: a partial last page takes a whole page of the XIP region, or its own bytes. */
  readonly xipTails?: boolean;
  /** As the builder's `dedupe`: pages of one content are one page of the image, paid once. */
  readonly mergeIdentical?: boolean;
  /** Called with measured and selected pages. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A choice among the pages of a tree. */
export interface TreeChoice extends Choice {
  /** ELF files whose headers cannot be read, with what is wrong; their pages count as never written. */
  readonly unclearElf: readonly { readonly path: ByteString; readonly what: string }[];
}

/** Pages to measure in a batch. */
const BATCH_PAGES = 64;

/** What a page takes that `compressed` was made of: the builder ends an incompressible one with a zero. */
const storedSize = (page: Uint8Array, compressed: Uint8Array | undefined): number =>
  compressed?.length ?? page.length + 1;

/** Measures with the compressor that will build the image; the caller closes it. */
export const sizerOf = (compressor: PageCompressor): PageSizer => ({
  parallelism: compressor.parallelism,
  sizes: async (pages) => {
    const blocks = await compressor.compress(pages);
    return pages.map((page, i) => storedSize(page, blocks[i]));
  },
});

/** Measures with a plain function: bytes of a page → bytes it takes. */
export const sizerBy = (storedSizeOf: (page: Uint8Array) => number): PageSizer => ({
  parallelism: 1,
  sizes: (pages) => Promise.resolve(pages.map(storedSizeOf)),
});

/** Chooses among the pages of `tree`. */
export async function choosePages(
  tree: TreeDirectory,
  options: ChooseOptions,
): Promise<TreeChoice> {
  assert(
    options.budget === undefined || options.sizer !== undefined,
    () => 'a budget needs sizes: a sizer',
  );
  const counts = pageCounts(profileOfPolicy(options.policy));
  const unclearElf: { path: ByteString; what: string }[] = [];
  const selected: Selected[] = [];
  for (const [path, file] of regularFiles(tree, '' as ByteString)) {
    const found = selectedOf(path, file, options, counts);
    if (found === undefined) continue;
    selected.push(found);
    if (found.unclear !== undefined) unclearElf.push({ path, what: found.unclear });
  }
  const { sizer } = options;
  const candidates =
    sizer === undefined
      ? selected.flatMap(({ pages }) => pages)
      : await measured(selected, sizer, options);
  return { ...choose(candidates, options.budget), unclearElf };
}

/**
 * The policy that selects what was chosen. Its list keeps all lines of the list that was chosen from, so
 * that the builder's report still says which of them match no page.
 */
export function policyOfChoice({ pages }: Choice, listed: PageProfile | undefined): XipPolicy {
  const entries = [...pages].flatMap(([path, numbers]) =>
    [...numbers].map((page) => ({ path, offset: page * PAGE_SIZE, count: 0 })),
  );
  const { entries: lines } = listed ?? profileOf(entries);
  return { kind: 'profile', profile: { entries: lines, pages } };
}

/** Pages that a policy selects in one file, before they are measured. */
interface Selected {
  readonly content: FileContent;
  readonly pages: readonly Candidate[];
  readonly unclear: string | undefined;
}

function selectedOf(
  path: ByteString,
  file: TreeFile,
  { policy, written, excludeElfData }: ChooseOptions,
  allCounts: PageCounts,
): Selected | undefined {
  const listed = profileOfPolicy(policy);
  const needsList = policy.kind === 'profile' || policy.kind === 'files';
  if (needsList && listed?.pages.has(path) !== true) return undefined;
  const [head] = pagesOfContent(file.content);
  if (head === undefined) return undefined;
  const isSelected = selectPages(policy, path, file, head);
  const elf = excludeElfData === true ? readElfHead(head) : ({ kind: 'other' } as const);
  const size = sizeOf(file.content);
  const bars: ReadonlyMap<number, Bar> =
    elf.kind === 'elf' ? writtenPages(elf.ranges, size) : new Map<number, Bar>();
  const counts = allCounts.get(path);
  const pages = Array.from({ length: pagesOf(size) }, (_, page) => page)
    .filter(isSelected)
    .map((page): Candidate => {
      const bar = written?.get(path)?.has(page) === true ? 'written' : bars.get(page);
      const count = counts?.get(page) ?? 0;
      return { path, page, count, added: 0, ...(bar === undefined ? {} : { bar }) };
    });
  return { content: file.content, pages, unclear: elf.kind === 'unclear' ? elf.what : undefined };
}

/** Uses of pages, by path and page. */
type PageCounts = ReadonlyMap<ByteString, ReadonlyMap<number, number>>;

/** Counts summed over the lines that select a page. */
function pageCounts(profile: PageProfile | undefined): PageCounts {
  const counts = new Map<ByteString, Map<number, number>>();
  for (const { path, offset, count } of profile?.entries ?? []) {
    const pages = counts.get(path) ?? new Map<number, number>();
    counts.set(path, pages);
    const page = pageNumber(offset);
    for (const selected of isAligned(offset, PAGE_SIZE) ? [page] : [page, page + 1])
      pages.set(selected, (pages.get(selected) ?? 0) + count);
  }
  return counts;
}

/** Measures what is not barred, batch by batch, several in flight. */
async function measured(
  selected: readonly Selected[],
  sizer: PageSizer,
  options: ChooseOptions,
): Promise<Candidate[]> {
  const open = selected.reduce((sum, { pages }) => sum + pages.length, 0);
  const done: Candidate[] = [];
  const inFlight: { pages: readonly PageBytes[]; sizes: Promise<readonly number[]> }[] = [];
  const settleOldest = async (): Promise<void> => {
    const batch = inFlight.shift();
    if (batch === undefined) return;
    const sizes = await batch.sizes;
    batch.pages.forEach((page, i) => done.push(priced(page, sizes[i] ?? 0, options)));
    options.onProgress?.(done.length, open);
  };
  let pages: PageBytes[] = [];
  const start = (): void => {
    const sizes = sizer.sizes(pages.map(({ bytes }) => bytes));
    // Awaited in its turn; until then a failure of a later batch must not count as unhandled.
    sizes.catch(() => undefined);
    inFlight.push({ pages, sizes });
    pages = [];
  };
  for (const file of selected) {
    done.push(...file.pages.filter(({ bar }) => bar !== undefined));
    for (const page of bytesOfPages(file)) {
      pages.push(page);
      if (pages.length < BATCH_PAGES) continue;
      if (inFlight.length >= sizer.parallelism) await settleOldest();
      start();
    }
  }
  if (pages.length > 0) start();
  while (inFlight.length > 0) await settleOldest();
  return done;
}

/** A page with its content. */
interface PageBytes {
  readonly candidate: Candidate;
  readonly bytes: Uint8Array;
}

function priced(
  { candidate, bytes }: PageBytes,
  stored: number,
  { xipTails = true, mergeIdentical = false }: ChooseOptions,
): Candidate {
  const inPlace = xipTails ? PAGE_SIZE : bytes.length;
  const content = mergeIdentical ? { content: contentKey(bytes) } : {};
  return { ...candidate, stored, added: Math.max(0, inPlace - stored), ...content };
}

/** Equal for equal pages; for others hardly ever, and then a price is wrong, not an image. */
function contentKey(bytes: Uint8Array): string {
  const print = { low: 0, high: 0 };
  fingerprint(bytes, print);
  return `${String(print.low)}:${String(print.high)}`;
}

/** The pages that are not barred, with their bytes. A content that is too short is the builder's to tell. */
function* bytesOfPages({ content, pages }: Selected): Generator<PageBytes> {
  const wanted = new Map(
    pages.filter(({ bar }) => bar === undefined).map((page) => [page.page, page]),
  );
  let left = wanted.size;
  let number = 0;
  if (left === 0) return;
  for (const bytes of pagesOfContent(content)) {
    const candidate = wanted.get(number);
    number += 1;
    if (candidate === undefined) continue;
    yield { candidate, bytes };
    left -= 1;
    if (left === 0) return;
  }
}

/** A content page by page, in arrays of their own; only the last may be partial. */
function* pagesOfContent(content: FileContent): Generator<Uint8Array> {
  const whole = content instanceof Uint8Array ? content : content.read();
  let page = new Uint8Array(PAGE_SIZE);
  let filled = 0;
  for (const part of whole instanceof Uint8Array ? [whole] : whole)
    for (let at = 0; at < part.length;) {
      const piece = part.subarray(at, at + PAGE_SIZE - filled);
      page.set(piece, filled);
      at += piece.length;
      filled += piece.length;
      if (filled < PAGE_SIZE) continue;
      yield page;
      page = new Uint8Array(PAGE_SIZE);
      filled = 0;
    }
  if (filled > 0) yield page.subarray(0, filled);
}
