/** B3: vm_normal_page. */
import type { Page, PresentPte, Vma, World } from './naive-state.ts';
import { KernelBug, PAGE } from './naive-state.ts';
import { VM, has, isCowMapping } from './naive-flags.ts';

/** The page that an entry accounts for; undefined = raw, hands off. `quiet` is for looking only. */
export function normalPage(
  w: World,
  vma: Vma,
  addr: number,
  pte: PresentPte,
  quiet = false,
): Page | undefined {
  // Zero pfn of the kernels that do not count it: NULL everywhere.
  if (pte.frame === 'zero') {
    return undefined;
  }
  return w.rules.pteSpecial
    ? withSpecial(w, vma, pte, quiet)
    : withoutSpecial(w, vma, addr, pte, quiet);
}

function withSpecial(w: World, vma: Vma, pte: PresentPte, quiet: boolean): Page | undefined {
  if (!pte.special) {
    return expectPage(w, pte, quiet);
  }
  if (has(vma.flags, VM.PFNMAP | VM.MIXEDMAP)) {
    return undefined;
  }
  if (w.rules.strayedSpecial === 'bad_pte') {
    badPte(w, quiet);
  } else if (w.spec.debugVm && !quiet) {
    throw new KernelBug('vm_normal_page');
  }
  return undefined;
}

function withoutSpecial(
  w: World,
  vma: Vma,
  addr: number,
  pte: PresentPte,
  quiet: boolean,
): Page | undefined {
  // 1. MIXEDMAP: pfn_valid ? page : NULL.
  if (has(vma.flags, VM.MIXEDMAP)) {
    return pageOf(pte);
  }
  // 2. PFNMAP: linear: NULL; not COW: NULL.
  if (has(vma.flags, VM.PFNMAP)) {
    if (pfnOf(pte) === linearPfn(vma, addr)) {
      return undefined;
    }
    if (!isCowMapping(vma.flags)) {
      return undefined;
    }
  }
  // 3. else page.
  return expectPage(w, pte, quiet);
}

/** S4: a struct page is expected here. */
function expectPage(w: World, pte: PresentPte, quiet: boolean): Page | undefined {
  const page = pageOf(pte);
  if (page !== undefined || quiet) {
    return page;
  }
  switch (w.rules.bogusPfn) {
    case 'bad_pte':
      badPte(w, quiet);
      return undefined;
    case 'bad_pte with DEBUG_VM, else BUG':
      if (!w.spec.debugVm) {
        throw new KernelBug('vm_normal_page');
      }
      badPte(w, quiet);
      return undefined;
    case 'BUG':
      throw new KernelBug('vm_normal_page');
  }
}

function badPte(w: World, quiet: boolean): void {
  if (!quiet) {
    w.events.push('bad_pte');
  }
}

/** The RAM page of an entry, whatever it counts as. */
export function pageOf(pte: PresentPte): Page | undefined {
  return typeof pte.frame === 'object' && 'page' in pte.frame ? pte.frame.page : undefined;
}

/** Frames of RAM are never the linear one here: the allocator's choice is nobody's to compare. */
function pfnOf(pte: PresentPte): number | undefined {
  return typeof pte.frame === 'object' && 'flash' in pte.frame ? pte.frame.flash : undefined;
}

/** S2. */
export function linearPfn(vma: Vma, addr: number): number {
  return vma.pgoff + Math.floor((addr - vma.start) / PAGE);
}
