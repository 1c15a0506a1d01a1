/**
 * `axfs compare --format html`: the page, for which one design is built and run once more, page by page.
 *
 * @module
 */
import { memoryContents } from '../mtd/contents.ts';
import { createRamDevice } from '../mtd/ram.ts';
import { AxfsError } from '../base/errno.ts';
import { DEFAULT_CODEC } from '../codec/codecs.ts';
import type { CodecName } from '../codec/codecs.ts';
import { buildDesignAlone } from '../compare/designs.ts';
import type { CompareRequest } from '../compare/designs.ts';
import { machinePrices } from '../compare/evaluate.ts';
import type { MachineSpec, RunnableImage } from '../compare/evaluate.ts';
import type { Comparison } from '../cost/comparison.ts';
import { AxfsVolume } from '../fs/volume.ts';
import type { Host } from '../host/host.ts';
import { htmlReport } from '../report/html-report.ts';
import type { PageRun } from '../report/page-run.ts';
import type { View } from '../report/ranking.ts';
import type { Trace } from '../workload/trace.ts';
import { recordRun } from './report-record.ts';

/** SHA-256 of a text, as a page's policy needs it. */
export const sha256Of =
  (host: Host) =>
  (content: string): string => {
    const hash = host.sha256();
    hash.update(new TextEncoder().encode(content));
    return hash.hex();
  };

/** The design with the least cost; the first one of several. */
const cheapest = ({ designs }: Comparison): string | undefined =>
  [...designs].sort((a, b) => a.cost.total - b.cost.total)[0]?.design;

/** The page of a comparison: `map` names the design whose pages it shows, by default the cheapest. */
export async function comparisonPage(
  host: Host,
  request: CompareRequest,
  comparisons: readonly Comparison[],
  { map, sort, baseline }: View & { readonly map?: string },
): Promise<string> {
  const [first] = comparisons;
  const name = map ?? (first === undefined ? undefined : cheapest(first));
  if (first === undefined || name === undefined)
    throw new AxfsError('EINVAL', 'there is no design to show the pages of, expected one');
  const { image, machine, codec } = await buildDesignAlone(request, name);
  const run = recordImage(host, image, request.trace, { machine, codec: codec ?? DEFAULT_CODEC });
  return htmlReport({
    title: `${first.tree}: execute in place compared`,
    comparisons,
    view: {
      ...(sort === undefined ? {} : { sort }),
      ...(baseline === undefined ? {} : { baseline }),
    },
    run,
    sha256: sha256Of(host),
  });
}

/** Runs an image that is in memory. */
function recordImage(
  host: Host,
  image: RunnableImage,
  trace: Trace,
  { machine, codec }: { readonly machine: MachineSpec; readonly codec: CodecName },
): PageRun {
  const inflater = host.makeInflater(codec);
  const { name } = image;
  const volume = new AxfsVolume(createRamDevice(name, memoryContents(image.bytes)), {
    name,
    inflater,
  });
  return recordRun(volume, image, trace, machine, { prices: machinePrices(machine), inflater });
}
