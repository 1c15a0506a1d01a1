/**
 * The invariants of reverse mapping: files and families of anonymous memory know exactly the vmas of theirs
 * that exist, and caches the pages. A part of assertMm (check.ts).
 *
 * @module
 */
import { assert } from '../base/assert.ts';
import type { AddressSpace } from './address-space.ts';
import type { AnonVma } from './anon-vma.ts';
import { describeVma } from './vma.ts';
import type { Memory } from './memory.ts';
import type { MmStruct } from './mm.ts';
import type { VmArea } from './vma.ts';

/** Checks what `memory` knows against the vmas of all processes. */
export function assertOwners(memory: Memory, mms: readonly MmStruct[]): void {
  const byFile = new Map<AddressSpace, Set<VmArea>>();
  const byFamily = new Map<AnonVma, Set<VmArea>>();
  for (const mm of mms)
    for (const vma of mm.vmas) {
      if (vma.file?.mapping !== undefined) addTo(byFile, vma.file.mapping, vma);
      if (vma.anonVma !== undefined) addTo(byFamily, vma.anonVma, vma);
    }
  assertVmasOf('a file', byFile, memory.spaces);
  assertVmasOf('a family of anonymous memory', byFamily, memory.anonVmas);
  for (const space of memory.spaces)
    for (const [index, page] of space.entries())
      assert(
        memory.spaceOf(page) === space && memory.frames.indexOf(page) === index,
        () => `a cached page knows its place, ${String(index)}: ${memory.frames.describe(page)}`,
      );
}

function addTo<Owner>(vmas: Map<Owner, Set<VmArea>>, owner: Owner, vma: VmArea): void {
  const known = vmas.get(owner);
  if (known === undefined) vmas.set(owner, new Set([vma]));
  else known.add(vma);
}

/** What owners know is what was found, and every owner found is known. */
function assertVmasOf<Owner extends AddressSpace | AnonVma>(
  what: string,
  found: ReadonlyMap<Owner, ReadonlySet<VmArea>>,
  owners: Iterable<Owner>,
): void {
  const known = new Set(owners);
  for (const owner of found.keys())
    assert(known.has(owner), () => `${what} with vmas is known: ${String(owner.owner)}`);
  for (const owner of known) {
    const there = found.get(owner) ?? new Set();
    for (const vma of owner.vmas)
      assert(there.has(vma), () => `a vma that ${what} knows is there: ${describeVma(vma)}`);
    for (const vma of there)
      assert(owner.vmas.has(vma), () => `a vma is known to ${what}: ${describeVma(vma)}`);
  }
}
