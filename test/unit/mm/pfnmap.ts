import { PAGE_SIZE, pfn, type VirtAddr } from '../../../src/base/units.ts';
import { remapPfnRange } from '../../../src/mm/remap.ts';
import { FakeFile, FLASH_PFN, type World } from './fake.ts';

/** A private PFNMAP vma over the first pages of flash, all mapped, as a driver makes it. */
export function mapPfns(world: World, prot: number, pages: number): VirtAddr {
  const file = new FakeFile(world.memory);
  file.mmapFlags = 0;
  const base = world.map(prot, { file, pages });
  const result = remapPfnRange(world.vma(base), base, pfn(FLASH_PFN), pages * PAGE_SIZE);
  if (result !== 0) throw new Error(`remap_pfn_range: ${result}`);
  return base;
}
