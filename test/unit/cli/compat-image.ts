/**
 * Images as the original builder lays them out, whatever this project's builder does by default: for tests
 * of what stands where.
 *
 * @module
 */
import { buildImage } from '../../../src/mkfs/build.ts';
import type { XipPolicy } from '../../../src/mkfs/policy.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import type { EntrySpec } from '../../../src/mkfs/tree.ts';
import { Patch } from '../fs/patch.ts';

/** An image of a tree, opened up. */
export async function compatPatch(
  spec: Readonly<Record<string, EntrySpec>>,
  xip: XipPolicy = { kind: 'none' },
): Promise<Patch> {
  return new Patch((await buildImage(treeFrom(spec), { xip, compat: true })).toBytes());
}
