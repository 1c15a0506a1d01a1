/**
 * The layers of `src`, from the bottom up: folder name → the folders it may import.
 *
 * One table feeds the lint rules (tools/eslint.config.js) and the test that walks the real imports
 * (test/unit/tidy.test.ts), so a wall cannot exist in one and be missing in the other.
 */
export const LAYERS = {
  base: [],
  ondisk: ['base'],
  codec: ['base'],
  mtd: ['base'],
  flash: ['base', 'mtd'],
  mm: ['base'],
  drivers: ['base', 'mm'],
  workload: ['base'],
  cost: ['base'],
  archive: ['base', 'ondisk'],
  mkfs: ['base', 'ondisk', 'codec', 'archive'],
  fs: ['base', 'ondisk', 'codec', 'mtd', 'mm'],
  sim: ['base', 'ondisk', 'codec', 'mtd', 'mm', 'workload', 'mkfs', 'fs'],
  gate: ['base'],
  compare: [
    'base',
    'ondisk',
    'codec',
    'mtd',
    'mm',
    'workload',
    'mkfs',
    'fs',
    'sim',
    'cost',
    'gate',
  ],
  tune: [
    'base',
    'ondisk',
    'codec',
    'mtd',
    'mm',
    'workload',
    'mkfs',
    'fs',
    'sim',
    'cost',
    'compare',
  ],
  report: ['base', 'cost', 'gate'],
  host: ['base', 'codec'],
  lab: ['base', 'codec', 'mtd', 'mm', 'drivers', 'mkfs', 'fs'],
  cli: [
    'base',
    'ondisk',
    'codec',
    'mtd',
    'flash',
    'mm',
    'archive',
    'workload',
    'mkfs',
    'fs',
    'sim',
    'cost',
    'gate',
    'compare',
    'tune',
    'report',
    'lab',
    'host',
  ],
};

/** Folders inside a layer: many files of one kind. They belong to the layer. */
export const SUBFOLDERS = ['mtd/faults', 'mtd/parts', 'workload/formats'];

/** The one layer that talks to Node: everything else is deterministic and does no I/O. */
export const HOST_LAYER = 'host';

/** Files that may shift and mask: bit work on values known to fit in 32 bits. */
export const BITWISE_FILES = [
  'src/base/bits.ts',
  'src/codec/*.ts',
  'src/mtd/cell-bits.ts',
  'src/mm/vmflags.ts',
  'src/mm/pagetable.ts',
];
