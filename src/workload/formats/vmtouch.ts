/**
 * Output of `vmtouch -v`: a chart of at most some 60 cells for each file, `O` for pages that are all in the
 * page cache, a blank for none, `o` for some. Of files up to 60 pages a cell is one page, and the chart says
 * everything; of larger ones `o` cells stay unknown (vmtouch.c, print_page_residency_chart).
 *
 * @module
 */
import { toPrintable, withoutMark } from '../../base/bytestring.ts';
import type { ByteString } from '../../base/bytestring.ts';
import { ImportNotes } from '../import-notes.ts';
import type { Imported } from '../import-notes.ts';
import { badLine, textRows } from '../text-rows.ts';
import { TouchLog } from '../touch-log.ts';
import { addPages, assumeResidency } from './residency.ts';

/** Name of the format. */
export const VMTOUCH = 'vmtouch';

const CHART_WIDTH = 60;
/** A chart, as one row has it. */
export const CHART = /^\r?\[([Oo ]*)\] ([0-9]+)\/([0-9]+)$/;

const PARTLY = 'cell of a chart that is partly in the page cache: which pages is not known';
const NOT_THERE = 'file of which nothing is in the page cache';

/** Pages that a cell stands for. */
export const pagesPerCell = (pages: number): number =>
  pages <= CHART_WIDTH ? 1 : Math.floor(pages / CHART_WIDTH) + 1;

/**
 * Reads such output.
 *
 * @throws AxfsError EINVAL naming file and line for a chart without a file or one that does not add up; and
 * when no page is left.
 */
export function readVmtouch(bytes: Uint8Array, name: string): Imported {
  const notes = new ImportNotes(name);
  const log = new TouchLog();
  assumeResidency(notes);
  notes.assume('vmtouch ran without -p: charts begin at the start of their files');
  notes.assume('pages are of 4096 bytes');
  let path: ByteString | undefined;
  for (const { text, line } of textRows(withoutMark(bytes))) {
    notes.rows = line;
    // A chart is drawn over and over, with a carriage return in front of each.
    const chart = CHART.exec(text.slice(text.lastIndexOf('\r[') + 1));
    if (chart === null) {
      if (text.trim() !== '') path = text;
      continue;
    }
    if (path === undefined) throw badLine(name, line, 'a chart without a file in the line before');
    const [, cells = '', there = '', all = ''] = chart;
    const chartOf = { path, cells, there: Number(there), all: Number(all), line };
    addChart(chartOf, name, notes, log);
    path = undefined;
  }
  return notes.finish(VMTOUCH, log.lines);
}

interface Chart {
  readonly path: ByteString;
  readonly cells: string;
  readonly there: number;
  readonly all: number;
  readonly line: number;
}

function addChart(chart: Chart, name: string, notes: ImportNotes, log: TouchLog): void {
  const { path, cells, there, all, line } = chart;
  const width = pagesPerCell(all);
  if (cells.length !== Math.ceil(all / width) || there > all)
    throw badLine(
      name,
      line,
      `the chart of ${toPrintable(path)} has ${String(cells.length)} cells for ${String(all)} pages, expected ${String(Math.ceil(all / width))}`,
    );
  if (there === 0) notes.drop(NOT_THERE, line, path);
  const before = notes.taken;
  for (const [i, cell] of Array.from(cells).entries()) {
    const range = [i * width, Math.min(all, (i + 1) * width)] as const;
    if (cell === 'O') addPages(log, notes, path, range);
    else if (cell === 'o')
      notes.drop(PARTLY, line, `${path}: pages ${String(range[0])} to ${String(range[1] - 1)}`);
  }
  if (notes.taken - before > there)
    throw badLine(
      name,
      line,
      `the chart of ${toPrintable(path)} shows ${String(notes.taken - before)} pages, expected ${String(there)} at most`,
    );
}
