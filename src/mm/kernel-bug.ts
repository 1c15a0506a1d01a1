/**
 * The two ways a simulated access ends badly: the simulated kernel stops, or the process gets a signal.
 * Both are results of the simulation, neither is a failure of this program or of its input.
 *
 * @module
 */
import type { Pfn, VirtAddr } from '../base/units.ts';
import type { VmArea } from './vma.ts';

/** What a {@link KernelBug} was looking at. */
export interface KernelBugContext {
  readonly vma?: VmArea;
  readonly pfn?: Pfn;
}

/**
 * An assertion of the simulated kernel does not hold (`BUG_ON`, `VM_BUG_ON`, or memory that has no struct
 * page used as if it had): the kernel stops here. The state is as it was at that line.
 */
export class KernelBug extends Error {
  override readonly name = 'KernelBug';
  /** The rule that should hold, stated positively. */
  readonly rule: string;
  /** Kernel function that states it. */
  readonly function: string;
  readonly vma: VmArea | undefined;
  readonly pfn: Pfn | undefined;

  constructor(kernelFunction: string, rule: string, context: KernelBugContext = {}) {
    const { vma, pfn } = context;
    const range =
      vma === undefined ? '' : `, vma ${vma.vmStart.toString(16)}-${vma.vmEnd.toString(16)}`;
    const flags = vma === undefined ? '' : ` flags 0x${vma.vmFlags.toString(16)}`;
    const frame = pfn === undefined ? '' : `, pfn 0x${pfn.toString(16)}`;
    super(`kernel BUG in ${kernelFunction}: ${rule}${range}${flags}${frame}`);
    this.rule = rule;
    this.function = kernelFunction;
    this.vma = vma;
    this.pfn = pfn;
  }
}

/**
 * si_code of a {@link SignalError}: no vma there; the vma forbids it; the handler could not provide the
 * page; the memory behind it failed; no RAM left for it.
 */
export type SignalCode = 'SEGV_MAPERR' | 'SEGV_ACCERR' | 'BUS_ADRERR' | 'BUS_OBJERR' | 'OOM';

const SIGNAL_OF = {
  SEGV_MAPERR: 'SIGSEGV',
  SEGV_ACCERR: 'SIGSEGV',
  BUS_ADRERR: 'SIGBUS',
  BUS_OBJERR: 'SIGBUS',
  OOM: 'SIGKILL',
} as const;

/** A user access that the kernel answers with a signal. Nothing was mapped by the failed fault. */
export class SignalError extends Error {
  override readonly name = 'SignalError';
  readonly signal: 'SIGSEGV' | 'SIGBUS' | 'SIGKILL';
  readonly code: SignalCode;
  readonly address: VirtAddr;

  constructor(code: SignalCode, address: VirtAddr) {
    super(`${SIGNAL_OF[code]} (${code}) at 0x${address.toString(16)}`);
    this.signal = SIGNAL_OF[code];
    this.code = code;
    this.address = address;
  }
}
