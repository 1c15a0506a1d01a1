/**
 * What a script sets up before its first operation: RAM, flash, swap, and the files of an AXFS image.
 *
 * @module
 */
import { fromText } from '../base/bytestring.ts';
import { PAGE_SIZE, pfn, physAddr } from '../base/units.ts';
import { createPakoInflater } from '../codec/pako.ts';
import { AxfsMount } from '../fs/mount.ts';
import type { FaultRoute } from '../fs/file.ts';
import { buildImage } from '../mkfs/build.ts';
import { profileOf } from '../mkfs/profile.ts';
import { treeFrom } from '../mkfs/tree.ts';
import { Memory } from '../mm/memory.ts';
import { memoryContents } from '../mtd/contents.ts';
import { createNorFlash } from '../mtd/nor.ts';
import { MTD_PARTS } from '../mtd/parts.ts';
import type { LabKernel } from './selector.ts';

/** Page kinds of an AXFS file in a script. */
export const PAGE_KINDS = { x: 'executed in place', c: 'compressed', b: 'byte-aligned' } as const;

/** A file to put into the image. */
export interface AxfsFileSpec {
  readonly name: string;
  /** One letter of {@link PAGE_KINDS} a page. */
  readonly pages: string;
  /** Bytes of the last page that belong to the file, 1 to 4096. */
  readonly tail: number;
}

/** Everything that is said before the first operation, with what holds when nothing is said. */
export interface Setup {
  /** RAM frames from pfn 0. */
  ramPages: number;
  /** First flash pfn and how many. */
  flashFirst: number;
  flashPages: number;
  swapSlots: number;
  reclaim: boolean;
  lruBatch: number;
  /** Page tables take RAM. */
  pageTables: boolean;
  faultRoute: FaultRoute;
  files: AxfsFileSpec[];
  /** An image instead of the files. */
  image: { readonly name: string; readonly bytes: Uint8Array } | undefined;
}

/** The reference machine of the mm rules. */
export const defaultSetup = (): Setup => ({
  ramPages: 0x8000,
  flashFirst: 0x34000,
  flashPages: 0x4000,
  swapSlots: 0,
  reclaim: false,
  lruBatch: 0,
  pageTables: true,
  faultRoute: 'return',
  files: [],
  image: undefined,
});

/** The machine, and the mount if there is an image. */
export interface LabMachine {
  readonly memory: Memory;
  readonly mount: AxfsMount | undefined;
}

/** First byte of page `index` of a file of the image: a letter, so that dumps can be read. */
export const contentByte = (file: number, index: number): number =>
  0x41 + ((file * 7 + index) % 26);

/** First byte of a flash page outside the image, before anyone writes there. */
export const flashByte = (frame: number): number => frame % 251;

/**
 * Builds the machine.
 *
 * @throws AxfsError when the image cannot be built or mounted, or RAM is too small for it.
 */
export async function startMachine(setup: Setup, kernel: LabKernel): Promise<LabMachine> {
  const memory = new Memory({
    kernel: kernel.preset,
    debugVm: kernel.debugVm,
    firstPfn: pfn(0),
    ramPages: setup.ramPages,
    swapSlots: setup.swapSlots,
    reclaim: setup.reclaim,
    lruBatch: setup.lruBatch,
    chargePageTables: setup.pageTables,
  });
  const image =
    setup.image?.bytes ?? (setup.files.length === 0 ? undefined : await pack(setup.files));
  const imagePages = image === undefined ? 0 : image.length / PAGE_SIZE;
  addFlash(memory, setup.flashFirst + imagePages, setup.flashPages - imagePages);
  if (image === undefined) return { memory, mount: undefined };
  const device = createNorFlash({
    part: MTD_PARTS.p30,
    contents: memoryContents(image),
    phys: physAddr(setup.flashFirst * PAGE_SIZE),
  });
  const mount = new AxfsMount(memory, device, {
    name: setup.image?.name ?? 'image',
    inflater: createPakoInflater(),
    faultRoute: setup.faultRoute,
  });
  return { memory, mount };
}

/** Flash that no image is in: frames without struct page, each made when it is looked at, written to as RAM is. */
function addFlash(memory: Memory, first: number, pages: number): void {
  if (pages <= 0) return;
  const cells = new Map<number, Uint8Array>();
  memory.physical.addWindow({
    firstPfn: pfn(first),
    pages,
    page: (index) => {
      const known = cells.get(index);
      if (known !== undefined) return known;
      const page = new Uint8Array(PAGE_SIZE).fill(flashByte(first + index));
      cells.set(index, page);
      return page;
    },
  });
}

/** An image with the layout of the original builder: the first page for execution in place is its second. */
async function pack(files: readonly AxfsFileSpec[]): Promise<Uint8Array> {
  const tree = treeFrom(
    Object.fromEntries(files.map((file, i) => [file.name, { content: contentOf(file, i) }])),
  );
  const xip = files.flatMap(({ name, pages }) =>
    Array.from(pages).flatMap((kind, index) =>
      kind === 'x' ? [{ path: fromText(name), offset: index * PAGE_SIZE, count: 1 }] : [],
    ),
  );
  const built = await buildImage(tree, {
    xip: { kind: 'profile', profile: profileOf(xip) },
    features: { xipTails: true, dedupe: false },
  });
  return built.toBytes();
}

/** Pages that compress, or do not where they have to be byte-aligned; the first byte says which page it is. */
function contentOf({ pages, tail }: AxfsFileSpec, file: number): Uint8Array {
  const size = (pages.length - 1) * PAGE_SIZE + tail;
  const content = new Uint8Array(size);
  Array.from(pages).forEach((kind, index) => {
    const page = content.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE);
    if (kind === 'b') fillNoise(page, file * 1000 + index + 1);
    else page.fill(contentByte(file, index));
    page[0] = contentByte(file, index);
  });
  return content;
}

/** Bytes without pattern, the same every time (the generator of Park and Miller). */
function fillNoise(page: Uint8Array, seed: number): void {
  let state = seed;
  for (let i = 0; i < page.length; i += 1) {
    state = (state * 48271) % 0x7fffffff;
    page[i] = Math.floor(state / 8) % 256;
  }
}
