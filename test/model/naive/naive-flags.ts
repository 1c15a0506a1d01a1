/** B1: vm_flags, and what is computed from them. */
export const VM = {
  READ: 0x1,
  WRITE: 0x2,
  EXEC: 0x4,
  SHARED: 0x8,
  MAYREAD: 0x10,
  MAYWRITE: 0x20,
  MAYEXEC: 0x40,
  MAYSHARE: 0x80,
  PFNMAP: 0x400,
  LOCKED: 0x2000,
  IO: 0x4000,
  DONTCOPY: 0x20000,
  DONTEXPAND: 0x40000,
  RESERVED: 0x80000,
  ACCOUNT: 0x100000,
  INSERTPAGE: 0x02000000,
  DONTDUMP: 0x04000000,
  CAN_NONLINEAR: 0x08000000,
  MIXEDMAP: 0x10000000,
} as const;

export type Prot = 'none' | 'r' | 'w' | 'rw' | 'rx' | 'rwx';

/** S37: with parentheses. */
export function has(flags: number, bits: number): boolean {
  return (flags & bits) !== 0;
}

export function protFlags(prot: Prot): number {
  if (prot === 'none') {
    return 0;
  }
  let flags = 0;
  if (prot.includes('r')) {
    flags |= VM.READ;
  }
  if (prot.includes('w')) {
    flags |= VM.WRITE;
  }
  if (prot.includes('x')) {
    flags |= VM.EXEC;
  }
  return flags;
}

/** B1, S6: private and may become writable. */
export function isCowMapping(flags: number): boolean {
  return (flags & (VM.SHARED | VM.MAYWRITE)) === VM.MAYWRITE;
}

/** B12a: vm_page_prot has the write bit in shared writable vmas only. */
export function pageProtWritable(flags: number): boolean {
  return (flags & (VM.SHARED | VM.WRITE)) === (VM.SHARED | VM.WRITE);
}
