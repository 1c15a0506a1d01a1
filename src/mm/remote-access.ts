/**
 * Reading and writing another process's memory, as ptrace and /proc/<pid>/mem do: with its pages in hand where
 * they can be had, else through the operation that a driver offers for it.
 *
 * @module
 */
import { PAGE_SIZE, virtAddr, type VirtAddr } from '../base/units.ts';
import { getUserPage } from './gup.ts';
import type { MmStruct } from './mm.ts';

/** What to do there. */
export interface RemoteAccess {
  readonly address: VirtAddr;
  /** Bytes to read into, or to write. */
  readonly bytes: Uint8Array;
  readonly write: boolean;
  /** Whose address space the CPU has meanwhile; default: nobody's. */
  readonly debugger?: MmStruct;
}

/**
 * Reads or writes the memory of `mm` against its rights, up to the first page that cannot be had. Mirrors
 * `access_process_vm` (mm/memory.c).
 *
 * @returns bytes done; /proc/<pid>/mem makes EIO of 0.
 */
export function accessProcessVm(mm: MmStruct, access: RemoteAccess): number {
  const { memory } = mm;
  const before = memory.current;
  memory.current = access.debugger ?? before;
  try {
    let done = 0;
    while (done < access.bytes.length) {
      const count = accessPage(mm, access, done);
      if (count === 0) break;
      done += count;
    }
    return done;
  } finally {
    memory.current = before;
  }
}

function accessPage(mm: MmStruct, { address, bytes, write }: RemoteAccess, done: number): number {
  const { frames } = mm.memory;
  const at = virtAddr(address + done);
  const offset = at % PAGE_SIZE;
  const part = bytes.subarray(done, done + PAGE_SIZE - offset);
  const page = getUserPage(mm, at, { write, force: true });
  if (typeof page === 'string') {
    const vma = mm.vmas.find(at);
    if (vma?.contains(at) !== true) return 0;
    return vma.ops?.access?.(vma, at, part, write) ?? 0;
  }
  const there = frames.bytes(page);
  if (write) there.set(part, offset);
  else part.set(there.subarray(offset, offset + part.length));
  if (write) frames.setFlag(page, 'dirty', true);
  frames.putPage(page);
  return part.length;
}
