import { expect, it } from 'vitest';
import { createWasmZlib } from '../../../src/codec/wasm-zlib.ts';
import { createPakoInflater } from '../../../src/codec/pako.ts';
import { loadZlibModule } from '../../../src/host/node-host.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { encodeDialect, PLAIN_DIALECT } from '../../support/dialects.ts';
import type { Dialect } from '../../support/dialects.ts';
import { newTally, runCase, specimenOf } from '../../support/hostile.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

const module = loadZlibModule();
const inflater = module === undefined ? createPakoInflater() : createWasmZlib(module);

const tree = treeFrom({
  a: textBytes(9000),
  b: noiseBytes(5000),
  'dir/c': 'short',
  'dir/link': { type: 'symlink', target: '../a' },
  'dir/sub/empty': '',
  null: { type: 'char', rdev: { major: 1, minor: 3 } },
});

const DIALECTS: Readonly<Record<string, Partial<Dialect>>> = {
  'as usual': {},
  'deep tables, a digest, no sentinels': { deeper: [4, 0, 3], digest: true, sentinels: false },
  'planar, shared': { planar: true, tail: 'none', shared: true },
  'large cblocks, compressed tables, i386': {
    ...{ cblockSize: 65536, compressed: ['strings', 'modes', 'inode_file_size'], tail: 'i386' },
  },
};
const CASES = 1000;

it.each(Object.entries(DIALECTS))(
  'damage of all sorts ends in AxfsErrors, and none of it is served that can be seen: %s',
  (name, dialect) => {
    const { image } = encodeDialect(tree, { ...PLAIN_DIALECT, ...dialect });
    const specimen = specimenOf(name, image, inflater);
    const tally = newTally();
    for (let seed = 0; seed < CASES; seed += 1) runCase(specimen, seed, inflater, tally);
    expect(tally.cases).toBe(CASES);
    // All three ways to end are met.
    for (const end of ['refused', 'damaged', 'whole'] as const)
      expect(tally[end]).toBeGreaterThan(20);
  },
);
