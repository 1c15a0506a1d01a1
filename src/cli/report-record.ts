/**
 * Runs one image and notes everything page by page, for a report.
 *
 * @module
 */
import { toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { PAGE_SIZE } from '../base/units.ts';
import { blame } from '../compare/blame.ts';
import type { BlameOptions, BlameRow } from '../compare/blame.ts';
import type { MachineSpec, RunnableImage } from '../compare/evaluate.ts';
import { totalFaults } from '../cost/ledger.ts';
import type { Ledger } from '../cost/ledger.ts';
import type { Inode } from '../fs/inode.ts';
import { bytesInPage } from '../fs/volume.ts';
import type { AxfsVolume } from '../fs/volume.ts';
import { NODE_TYPE } from '../ondisk/constants.ts';
import type {
  FaultCounts,
  FileRow,
  PageRow,
  PageRun,
  ProcessRow,
  TimelineRow,
} from '../report/page-run.ts';
import type { Trace } from '../workload/trace.ts';

/** Stretches of a timeline, at most. */
const TIMELINE_ROWS = 120;

/** A row of blame that is about a page. */
type PageBlame = BlameRow & { readonly subject: { readonly kind: 'page' } };

/** Sums of rows. */
class Sum {
  cost = 0;
  lines = 0;
  xip = 0;
  fill = 0;
  hit = 0;
  other = 0;
  readonly pages = new Set<string>();
  readonly inodes = new Set<number>();

  add({ subject, ledger, cost }: PageBlame): void {
    this.cost += cost.total;
    this.lines += ledger.touchedLines.flash + ledger.touchedLines.ram;
    const { xip, fill, hit, other } = faultsOf(ledger);
    this.xip += xip;
    this.fill += fill;
    this.hit += hit;
    this.other += other;
    this.pages.add(`${String(subject.inode)}:${String(subject.page)}`);
    this.inodes.add(subject.inode);
  }

  get faults(): FaultCounts {
    const { xip, fill, hit, other } = this;
    return { xip, fill, hit, other };
  }
}

function faultsOf(ledger: Ledger): FaultCounts {
  const { raw_pfn: xip, file_major: fill, file_minor: hit } = ledger.faults;
  return { xip, fill, hit, other: totalFaults(ledger) - xip - fill - hit };
}

/** Rows added up by a key. */
function sumsBy<K>(rows: readonly PageBlame[], keyOf: (row: PageBlame) => K): Map<K, Sum> {
  const sums = new Map<K, Sum>();
  for (const row of rows) {
    const key = keyOf(row);
    let sum = sums.get(key);
    if (sum === undefined) sums.set(key, (sum = new Sum()));
    sum.add(row);
  }
  return sums;
}

/**
 * Runs `image`, which `volume` has open, under `trace`.
 *
 * @throws AxfsError when the trace does not fit the image, RAM is too small, or the image is damaged.
 */
export function recordRun(
  volume: AxfsVolume,
  image: RunnableImage,
  trace: Trace,
  machine: MachineSpec,
  options: Pick<BlameOptions, 'prices' | 'inflater'>,
): PageRun {
  const stretch = Math.max(1, Math.ceil(trace.lines.length / TIMELINE_ROWS));
  const sections = new Map(
    trace.lines.map((line, i) => [line, String(Math.floor(i / stretch))] as const),
  );
  const { result, rows } = blame(image, trace, machine, {
    ...options,
    sectionOf: (line) => sections.get(line) ?? '',
  });
  const pages = rows.filter((row): row is PageBlame => row.subject.kind === 'page');
  return {
    unit: options.prices.unit,
    result,
    ...storedPages(volume, pages),
    processes: processRows(pages),
    timeline: timelineRows(pages, trace.lines.length, stretch),
  };
}

const processRows = (rows: readonly PageBlame[]): readonly ProcessRow[] =>
  Array.from(
    sumsBy(rows, ({ subject }) => subject.pid),
    ([pid, { pages, inodes, faults, cost }]) => ({
      pid,
      files: inodes.size,
      touchedPages: pages.size,
      faults,
      cost,
    }),
  );

function timelineRows(
  rows: readonly PageBlame[],
  lines: number,
  stretch: number,
): readonly TimelineRow[] {
  const sums = sumsBy(rows, ({ subject }) => Number(subject.section));
  return Array.from({ length: Math.ceil(lines / stretch) }, (_, i) => {
    const sum = sums.get(i) ?? new Sum();
    return {
      first: i * stretch + 1,
      last: Math.min(lines, (i + 1) * stretch),
      faults: sum.faults,
      cost: sum.cost,
    };
  });
}

/** A page in the making: files may share it. */
type OpenPage = { -readonly [K in keyof PageRow]: PageRow[K] };

/** All regular files, and their pages in the order of the image. */
function storedPages(
  volume: AxfsVolume,
  rows: readonly PageBlame[],
): { readonly pages: readonly PageRow[]; readonly files: readonly FileRow[] } {
  const byFile = sumsBy(rows, ({ subject }) => subject.inode as number);
  const byPage = sumsBy(rows, ({ subject: { inode, page } }) => `${String(inode)}:${String(page)}`);
  const files: FileRow[] = [];
  const nodes = new Map<number, OpenPage>();
  for (const { path, inode } of volume.walk()) {
    if (inode.type !== 'file') continue;
    let xipPages = 0;
    for (let page = 0; page < inode.numEntries; page += 1) {
      const node = inode.arrayIndex + page;
      let row = nodes.get(node);
      if (row === undefined)
        nodes.set(
          node,
          (row = {
            ...{ file: files.length, page, sharedBy: 0, lines: 0, cost: 0 },
            ...placeOf(volume, inode, page),
          }),
        );
      const sum = byPage.get(`${String(inode.number)}:${String(page)}`);
      row.sharedBy += 1;
      row.lines += sum?.lines ?? 0;
      row.cost += sum?.cost ?? 0;
      if (row.placement === 'xip') xipPages += 1;
    }
    files.push(fileRow(path, inode, xipPages, byFile.get(inode.number)));
  }
  const pages = [...nodes.entries()]
    .sort(([nodeA, a], [nodeB, b]) => a.offset - b.offset || nodeA - nodeB)
    .map(([, page]) => page);
  return { pages, files };
}

const fileRow = (
  path: ByteString,
  { numEntries }: Inode,
  xipPages: number,
  sum = new Sum(),
): FileRow => ({
  path: toPrintable(path),
  pages: numEntries,
  xipPages,
  touchedPages: sum.pages.size,
  faults: sum.faults,
  cost: sum.cost,
});

function placeOf(
  { image }: AxfsVolume,
  inode: Inode,
  page: number,
): Pick<PageRow, 'placement' | 'offset' | 'storedBytes'> {
  const { tables, descriptors } = image;
  const node = inode.arrayIndex + page;
  const index = tables.node_index.get(node);
  switch (tables.node_type.get(node)) {
    case NODE_TYPE.xip:
      return {
        placement: 'xip',
        offset: descriptors.xip.fsoffset + index * PAGE_SIZE,
        storedBytes: PAGE_SIZE,
      };
    case NODE_TYPE.compressed: {
      const cblock = tables.cnode_index.get(index);
      const start = tables.cblock_offset.get(cblock);
      return {
        placement: 'compressed',
        offset: descriptors.compressed.fsoffset + start,
        storedBytes: tables.cblock_offset.get(cblock + 1) - start,
      };
    }
    default:
      return {
        placement: 'byte_aligned',
        offset: descriptors.byte_aligned.fsoffset + tables.banode_offset.get(index),
        storedBytes: bytesInPage(inode, page),
      };
  }
}
