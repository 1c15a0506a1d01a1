/**
 * Lines of `/proc/<pid>/smaps` and of the memory part of `/proc/<pid>/status`, by the kernels that print them.
 *
 * @module
 */

/** Lines of smaps that some kernel here prints, in the order of the latest. */
export const SMAPS_LINES = [
  'Size',
  'KernelPageSize',
  'MMUPageSize',
  'Rss',
  'Pss',
  'Pss_Dirty',
  'Shared_Clean',
  'Shared_Dirty',
  'Private_Clean',
  'Private_Dirty',
  'Referenced',
  'Anonymous',
  'KSM',
  'LazyFree',
  'AnonHugePages',
  'ShmemPmdMapped',
  'FilePmdMapped',
  'Shared_Hugetlb',
  'Private_Hugetlb',
  'Swap',
  'SwapPss',
  'Locked',
  'THPeligible',
  'ProtectionKey',
  'VmFlags',
] as const;

/** One of {@link SMAPS_LINES}. */
export type SmapsLine = (typeof SMAPS_LINES)[number];

/** Lines of status about memory that some kernel here prints and this project counts, in order. */
export const STATUS_LINES = [
  'VmPeak',
  'VmSize',
  'VmLck',
  'VmHWM',
  'VmRSS',
  'RssAnon',
  'RssFile',
  'RssShmem',
  'VmPTE',
  'VmSwap',
] as const;

/** One of {@link STATUS_LINES}. */
export type StatusLine = (typeof STATUS_LINES)[number];

const without = <Line>(lines: readonly Line[], ...left: readonly Line[]): readonly Line[] =>
  lines.filter((line) => !left.includes(line));

const SMAPS_2_6_28: readonly SmapsLine[] = [
  'Size',
  'Rss',
  'Pss',
  'Shared_Clean',
  'Shared_Dirty',
  'Private_Clean',
  'Private_Dirty',
  'Referenced',
  'Swap',
];

/** Lines of smaps by the oldest kernel here that has them so; x86-64 of today has protection keys. */
export const SMAPS_LINES_OF = {
  '2.6.23': without<SmapsLine>(SMAPS_2_6_28, 'Pss', 'Swap'),
  '2.6.28': SMAPS_2_6_28,
  '4.9': [
    ...without<SmapsLine>(SMAPS_2_6_28, 'Swap'),
    'Anonymous',
    'AnonHugePages',
    'ShmemPmdMapped',
    'Shared_Hugetlb',
    'Private_Hugetlb',
    'Swap',
    'SwapPss',
    'KernelPageSize',
    'MMUPageSize',
    'Locked',
    'VmFlags',
  ],
  '6.1': without<SmapsLine>(SMAPS_LINES, 'KSM'),
  '6.12': SMAPS_LINES,
} as const satisfies Record<string, readonly SmapsLine[]>;

/** Lines of status by the oldest kernel here that has them so. */
export const STATUS_LINES_OF = {
  '2.6.23': without<StatusLine>(STATUS_LINES, 'RssAnon', 'RssFile', 'RssShmem', 'VmSwap'),
  '4.9': STATUS_LINES,
} as const satisfies Record<string, readonly StatusLine[]>;
