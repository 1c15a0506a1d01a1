/**
 * Rules that were proposed and not taken, as changes to a kernel's rows: what they would have done can be run.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import { ASSERTIONS } from './kernel.ts';
import type { Assertion, KernelPreset } from './kernel.ts';
import { VM_INVALIDPFNMAP, VM_PFNMAP, withFlags } from './vmflags.ts';

/** One proposal. */
interface Proposal {
  /** One sentence. */
  readonly purpose: string;
  /** It is about kernels that tell raw entries by their pfn, without the special bit. */
  readonly needsPfnRules: boolean;
  readonly change: (kernel: KernelPreset) => Partial<KernelPreset>;
}

/** `kernel`'s skips, and these. */
const skipping = ({ skips }: KernelPreset, ...more: readonly Assertion[]): readonly Assertion[] => [
  ...skips,
  ...more,
];

/** Proposals by name. */
export const PROPOSALS = {
  rfc: {
    purpose:
      'The patch of 9 November 2007: under VM_PFNMAP a pfn is raw when it has no struct page, and COW mappings may have any.',
    needsPfnRules: true,
    change: (kernel) => ({
      rawUnlessPfnValid: withFlags(kernel.rawUnlessPfnValid, VM_PFNMAP),
      skips: skipping(kernel, 'insert_pfn_cow'),
      pfnmapMayFault: true,
    }),
  },
  invalidpfnmap: {
    purpose:
      'The same rule under a flag of its own, VM_INVALIDPFNMAP, and pfns with struct page kept out by an assertion.',
    needsPfnRules: true,
    change: (kernel) => ({
      rawUnlessPfnValid: withFlags(kernel.rawUnlessPfnValid, VM_INVALIDPFNMAP),
      vmSpecial: withFlags(kernel.vmSpecial, VM_INVALIDPFNMAP),
    }),
  },
  'no-bug-ons': {
    purpose: 'The assertions of the insert and remap functions and of __do_fault taken out.',
    needsPfnRules: false,
    change: () => ({ skips: ASSERTIONS, pfnmapMayFault: true }),
  },
  'precedence-trap': {
    purpose:
      'A draft of 16 November 2007 that asked `flags & VM_PFNMAP|VM_MIXEDMAP`, which is never 0: vm_insert_pfn takes vmas without either flag.',
    needsPfnRules: false,
    change: (kernel) => ({ skips: skipping(kernel, 'insert_pfn_marked') }),
  },
} as const satisfies Readonly<Record<string, Proposal>>;

/** Name of a proposal. */
export type ProposalName = keyof typeof PROPOSALS;

/**
 * A kernel with a proposal's rows, called `KERNEL+PROPOSAL`.
 *
 * @throws AxfsError EINVAL for a proposal about pfn rules on a kernel that goes by the special bit instead.
 */
export function withProposal(kernel: KernelPreset, name: ProposalName): KernelPreset {
  const { needsPfnRules, change } = PROPOSALS[name];
  if (needsPfnRules && kernel.pteSpecial)
    throw new AxfsError(
      'EINVAL',
      `proposal ${name} on kernel ${kernel.name}, which tells raw entries by their special bit, expected one without`,
    );
  return { ...kernel, ...change(kernel), name: `${kernel.name}+${name}` };
}
