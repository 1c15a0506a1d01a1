/**
 * Where copies of an anonymous page may be mapped: the vmas that come from one vma by fork, split and move.
 * A page remembers its family and its place in it (`page->mapping`, `page->index`), and reverse mapping looks
 * at that place of each member. Mirrors `struct anon_vma` (mm/rmap.c) as it was before 2.6.34: one family
 * for a whole tree of forks, which finds the same entries as the later chains.
 *
 * @module
 */
import type { Memory } from './memory.ts';
import type { VmArea } from './vma.ts';

/** A family of vmas that share anonymous pages. */
export class AnonVma {
  /** What `page->mapping` of its pages holds; unique in the machine, < 0. */
  readonly owner: number;
  /** Members, oldest first. */
  readonly vmas = new Set<VmArea>();

  constructor(memory: Memory) {
    this.owner = memory.registerAnonVma(this);
  }
}

/** The family of a vma, founded if it has none. Mirrors `anon_vma_prepare`. */
export function anonVmaPrepare(vma: VmArea): AnonVma {
  if (vma.anonVma === undefined) anonVmaLink(vma, new AnonVma(vma.mm.memory));
  return vma.anonVma as AnonVma;
}

/** Makes a vma a member of a family. Mirrors `anon_vma_link`. */
export function anonVmaLink(vma: VmArea, anonVma: AnonVma): void {
  vma.anonVma = anonVma;
  anonVma.vmas.add(vma);
}

/** Ends the membership of a vma that goes away. Mirrors `anon_vma_unlink`. */
export function anonVmaUnlink(vma: VmArea): void {
  const { anonVma } = vma;
  if (anonVma === undefined) return;
  vma.anonVma = undefined;
  anonVma.vmas.delete(vma);
  if (anonVma.vmas.size === 0) vma.mm.memory.forgetAnonVma(anonVma);
}
