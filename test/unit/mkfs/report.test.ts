import { expect, it } from 'vitest';
import { ByteSink } from '../../../src/mkfs/chunks.ts';
import { IMPROVED_FEATURES } from '../../../src/mkfs/features.ts';
import { planInodes } from '../../../src/mkfs/inodes.ts';
import { placeRegions } from '../../../src/mkfs/layout.ts';
import type { RegionContent } from '../../../src/mkfs/layout.ts';
import { reportBuild } from '../../../src/mkfs/report.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { REGIONS } from '../../../src/ondisk/regions.ts';
import type { RegionName } from '../../../src/ondisk/regions.ts';

it('warns of files that the kernel reads in part', () => {
  const empty = { size: 0, compressedSize: 0, maxIndex: 0, tableByteDepth: 0, incore: 0 };
  const contents = Object.fromEntries(REGIONS.map(({ name }) => [name, empty])) as Record<
    RegionName,
    RegionContent
  >;
  const sized = (size: number): { content: { size: number; read: () => [] } } => ({
    content: { size, read: () => [] },
  });
  const sink = new ByteSink();
  const report = reportBuild({
    plan: planInodes(treeFrom({ 'd/f': sized(2 ** 31), g: sized(2 ** 31 - 1) }), false),
    nodes: {
      ...{ types: new Uint8Array(0), indexes: new Uint32Array(0), cblockSize: 0 },
      ...{ cnodeCblocks: new Uint32Array(0), cnodeOffsets: new Uint32Array(0) },
      ...{ banodeOffsets: new Float64Array(0), cblockOffsets: new Float64Array(0) },
      ...{ firstNodes: new Float64Array(0), sharedNodes: 0, sharedInodes: 0, sharedInodeNodes: 0 },
      ...{ xip: sink, byteAligned: sink, compressed: sink },
    },
    features: IMPROVED_FEATURES,
    layout: placeRegions(contents),
    policy: { kind: 'none' },
  });
  expect(report.warnings).toEqual([
    'd/f: 2147483648 bytes, the kernel driver reads at most 2147483647',
  ]);
  expect(report.fileBytes).toBe(2 ** 32 - 1);
});
