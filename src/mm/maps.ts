/**
 * `/proc/<pid>/maps` of a process, as text (fs/proc/task_mmu.c).
 *
 * @module
 */
import { PAGE_SIZE } from '../base/units.ts';
import type { MmStruct } from './mm.ts';
import type { VmArea } from './vma.ts';
import { hasAny, VM_EXEC, VM_MAYSHARE, VM_READ, VM_WRITE } from './vmflags.ts';

/**
 * Text of `/proc/<pid>/maps`: one line a vma. For a file the third column is the offset of its first
 * page; in a private PFNMAP mapping that is a physical address.
 */
export function formatMaps(mm: MmStruct): string {
  let text = '';
  for (const vma of mm.vmas) text += `${mapsLine(vma)}\n`;
  return text;
}

/** The line of one vma, without its end. Mirrors `show_map_vma`. */
export function mapsLine(vma: VmArea): string {
  const { file } = vma;
  const hex = (value: number): string => value.toString(16).padStart(8, '0');
  const right = (flag: number, letter: string): string =>
    hasAny(vma.vmFlags, flag) ? letter : '-';
  const rights =
    right(VM_READ, 'r') +
    right(VM_WRITE, 'w') +
    right(VM_EXEC, 'x') +
    (hasAny(vma.vmFlags, VM_MAYSHARE) ? 's' : 'p');
  const offset = file === undefined ? 0 : vma.vmPgoff * PAGE_SIZE;
  const place = file === undefined ? '00:00 0' : `${file.device} ${String(file.ino)}`;
  const head = `${hex(vma.vmStart)}-${hex(vma.vmEnd)} ${rights} ${hex(offset)} ${place} `;
  if (file === undefined) return head;
  const column = 25 + vma.mm.memory.kernel.pointerBytes * 6;
  return head.padEnd(column) + file.name.replaceAll('\n', '\\012');
}
