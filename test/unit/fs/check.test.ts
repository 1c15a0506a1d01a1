import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPakoInflater } from '../../../src/codec/pako.ts';
import { checkImage } from '../../../src/fs/check.ts';
import type { CheckResult } from '../../../src/fs/check.ts';
import { FINDINGS_PER_RULE, RULES } from '../../../src/fs/check-rules.ts';
import type { Finding, RuleId } from '../../../src/fs/check-rules.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { memoryContents } from '../../../src/mtd/contents.ts';
import { createRamDevice } from '../../../src/mtd/ram.ts';
import { encodeDialect, PLAIN_DIALECT } from '../../support/dialects.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { pages, Patch, patchOf, REGION_NAMES, volumeOf } from './patch.ts';

const sha1 = (): { update: (bytes: Uint8Array) => void; hex: () => string } => {
  const hash = createHash('sha1');
  return {
    update: (bytes) => {
      hash.update(bytes);
    },
    hex: () => hash.digest('hex'),
  };
};
const check = (image: Uint8Array, second?: Uint8Array): CheckResult =>
  checkImage(createRamDevice('image', memoryContents(image)), {
    name: 'image',
    inflater: createPakoInflater(),
    sha1,
    ...(second === undefined ? {} : { second: createRamDevice('back', memoryContents(second)) }),
  });

/** Inodes: 0 root, 1 ba, 2 dir, 3 link, 4 null, 5 text, 6 xip, 7 dir/one, 8 dir/two. */
let good: Uint8Array;
let patch: Patch;
beforeAll(async () => {
  const built = await patchOf(
    {
      ba: noiseBytes(5000),
      'dir/one': 'one',
      'dir/two': 'two',
      link: { type: 'symlink', target: 'dir/one' },
      null: { type: 'char', rdev: { major: 1, minor: 3 } },
      text: textBytes(9000),
      xip: textBytes(8192),
    },
    pages({ xip: [0, 1] }),
  );
  good = built.bytes;
});
beforeEach(() => {
  patch = new Patch(good);
});

/** Rules broken, with how often. */
const broken = (image: Uint8Array = patch.bytes): CheckResult['counts'] => check(image).counts;

it('a sound image is clean', () => {
  expect(check(good)).toEqual({
    ...{ image: 'image', verdict: 'clean', second: null, digest: 'none', findings: [], counts: {} },
  });
});

type Damage = (image: Patch) => unknown;
/** Offset of an inode's name. */
const nameAt = (image: Patch, inode: number): number => image.entry('inode_name_offset', inode);
const nodeOf = (image: Patch, inode: number): number => image.entry('inode_array_index', inode);

const sizesOf = (image: Patch): number[] =>
  Array.from({ length: image.get('files') }, (_, inode) => image.entry('inode_file_size', inode));

/** One row a rule: what breaks it, and perhaps others. */
const DAMAGE: readonly (readonly [rule: RuleId, damage: Damage])[] = [
  ['magic', (p) => p.pokeImage(0, 0)],
  ['signature', (p) => p.pokeImage(4, 0)],
  ['packed', (p) => p.pointDescriptor('strings', 253)],
  ['field', (p) => p.describe('uids', 'size', 2 ** 53)],
  ['page_shift', (p) => p.set('page_shift', 13)],
  ['compression', (p) => p.set('compression_type', 9)],
  ['cblock_size', (p) => p.set('cblock_size', 2 ** 21)],
  ['size', (p) => p.set('size', 2 ** 40)],
  ['mmap_size', (p) => p.set('mmap_size', 2 ** 40)],
  ['trailing_magic', (p) => p.pokeImage(p.get('size') - 1, 0)],
  ['descriptor', (p) => p.pointDescriptor('gids', 2 ** 40)],
  ['region', (p) => p.describe('gids', 'fsoffset', 2 ** 40)],
  ['depth', (p) => p.describe('uids', 'depth', 9)],
  ['expansion', (p) => p.describe('uids', 'compressed_size', 4)],
  ['xip_alignment', (p) => p.describe('xip', 'fsoffset', p.of('xip', 'fsoffset') - 1)],
  ['root', (p) => p.setEntry('inode_mode_index', 0, p.entry('inode_mode_index', 1))],
  ['empty_root', (p) => p.setEntry('inode_num_entries', 0, 0)],
  ['version', (p) => p.set('version_major', 3)],
  ['timestamp', (p) => p.pokeImage(251, 255)],
  ['idle_field', (p) => p.pokeImage(80, 0xff)],
  ['padding', (p) => p.pokeImage(260, 1)],
  ['max_index', (p) => p.describe('modes', 'max_index', 1)],
  ['table_end', (p) => p.describe('gids', 'size', p.of('gids', 'size') + 1)],
  ['xip_mapped', (p) => p.set('mmap_size', 4096)],
  ['behind_end', (p) => p.pokeImage(p.get('size'), 1)],
  ['digest', (p) => p.pokeImage(20, 1)],
  ['files', (p) => p.set('files', 10)],
  ['blocks', (p) => p.set('blocks', 1)],
  ['table_lengths', (p) => p.describe('uids', 'size', 4)],
  ['entry', (p) => p.replaceTable('gids', [0, 0, 0], 8).poke('gids', 8, 0xff)],
  ['mode_index', (p) => p.setEntry('inode_mode_index', 5, 99)],
  ['mode', (p) => p.setEntry('modes', p.entry('inode_mode_index', 4), 0o644)],
  ['mode_bits', (p) => p.setEntry('modes', p.entry('inode_mode_index', 4), 0o1020666)],
  ['owner', (p) => p.replaceTable('gids', [0, 2 ** 32, 0], 5)],
  ['no_owner', (p) => p.replaceTable('uids', [0, 2 ** 32 - 1, 0], 4)],
  ['device', (p) => p.replaceTable('inode_file_size', sizesOf(p).with(4, 2 ** 32), 5)],
  ['name_offset', (p) => p.setEntry('inode_name_offset', 5, 2 ** 31)],
  ['name_end', (p) => p.poke('strings', p.region('strings').length - 1, 0x78)],
  ['name_length', (p) => p.setEntry('inode_name_offset', 7, nameAt(p, 8) - 1)],
  ['name_slash', (p) => p.poke('strings', nameAt(p, 7) + 1, 0x2f)],
  ['name_dots', (p) => p.poke('strings', nameAt(p, 1), 0x2e).poke('strings', nameAt(p, 1) + 1, 0)],
  ['name_twice', (p) => p.setEntry('inode_name_offset', 8, nameAt(p, 7))],
  ['name_order', (p) => p.poke('strings', nameAt(p, 8), 0x61)],
  ['child_range', (p) => p.setEntry('inode_array_index', 2, 8)],
  ['child_names', (p) => p.replace('strings', p.region('strings').subarray(0, 5))],
  ['child_cycle', (p) => p.setEntry('inode_array_index', 2, 1)],
  ['child_twice', (p) => p.setEntry('inode_array_index', 2, 6)],
  ['unreachable', (p) => p.setEntry('inode_num_entries', 2, 1)],
  ['page_count', (p) => p.setEntry('inode_num_entries', 5, 2)],
  ['special_entries', (p) => p.setEntry('inode_num_entries', 4, 2)],
  ['symlink_size', (p) => p.setEntry('inode_file_size', 3, 4096)],
  ['node_range', (p) => p.setEntry('inode_array_index', 5, 2 ** 31)],
  ['node_type', (p) => p.setEntry('node_type', nodeOf(p, 5), 3)],
  ['node_index', (p) => p.setEntry('node_index', nodeOf(p, 5), 99)],
  ['xip_range', (p) => p.setEntry('node_index', nodeOf(p, 6), 2)],
  ['xip_tail', (p) => p.setEntry('inode_file_size', 6, 8000)],
  ['banode_range', (p) => p.setEntry('banode_offset', 0, 2 ** 31)],
  ['cnode_cblock', (p) => p.setEntry('cnode_index', 0, 99)],
  ['cnode_range', (p) => p.setEntry('cnode_offset', 0, 1)],
  ['cblock_order', (p) => p.setEntry('cblock_offset', 2, p.entry('cblock_offset', 1) - 1)],
  ['cblock_end', (p) => p.setEntry('cblock_offset', 3, 2 ** 31)],
  ['cblock_length', (p) => p.set('cblock_size', 100)],
  ['cblock_stream', (p) => p.poke('compressed', p.region('compressed').length - 1, 0)],
];

describe('each rule is seen to be broken, with the severity that the table gives it', () => {
  it.each(DAMAGE)('%s', (rule, damage) => {
    damage(patch);
    const result = check(patch.bytes);
    expect(result.counts[rule]).toBeGreaterThan(0);
    const severity = RULES.find(({ id }) => id === rule)!.severity;
    expect(result.findings.find((finding) => finding.rule === rule)?.severity).toBe(severity);
    const verdicts = { fatal: 'unmountable', damage: 'damaged', warning: 'clean' } as const;
    const worst = (['fatal', 'damage', 'warning'] as const).find((one) =>
      result.findings.some((finding) => finding.severity === one),
    )!;
    expect(result.verdict).toBe(verdicts[worst]);
  });

  it('every rule has its row here', () => {
    const elsewhere: readonly RuleId[] = [
      ...(['second', 'resident', 'open', 'descriptor_page', 'cblock_work'] as const),
    ];
    const covered = new Set([...DAMAGE.map(([rule]) => rule), ...elsewhere]);
    expect(RULES.map(({ id }) => id).filter((id) => !covered.has(id))).toEqual([]);
  });

  it('ids are unique', () => {
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
  });
});

describe('a check', () => {
  it('goes on behind an unknown compression type, but for the expansion', () => {
    patch.set('compression_type', 9).setEntry('node_index', nodeOf(patch, 6), 7);
    patch.setEntry('cblock_offset', 2, patch.entry('cblock_offset', 1) - 1);
    const { verdict, counts } = check(patch.bytes);
    expect(verdict).toBe('unmountable');
    expect(counts).toMatchObject({ compression: 1, xip_range: 1, cblock_order: 1 });
    expect(counts).not.toHaveProperty('cblock_stream');
  });

  it('names the entry of cblock_offset that is wrong', () => {
    const start = patch.entry('cblock_offset', 1);
    patch.setEntry('cblock_offset', 2, start - 1).setEntry('cblock_offset', 3, 2 ** 31);
    const size = patch.region('compressed').length;
    const at = { severity: 'damage', region: 'cblock_offset' } as const;
    expect(check(patch.bytes).findings.slice(0, 2)).toEqual([
      {
        ...{ ...at, rule: 'cblock_order', index: 2, value: start - 1 },
        expected: `at least ${String(start)}`,
      },
      {
        ...{ ...at, rule: 'cblock_end', index: 3, value: 2 ** 31 },
        expected: `at most ${String(size)}`,
      },
    ]);
  });

  it('names the inode table that is short', () => {
    patch.replaceTable('inode_mode_index', [0, 1, 0], 1);
    const { findings } = check(patch.bytes);
    expect(findings.filter(({ rule }) => rule === 'files')).toEqual([
      {
        ...{ rule: 'files', severity: 'damage', region: 'inode_mode_index', index: null },
        ...{ value: '3 rows', expected: 'a row for each of 9 files' },
      },
    ]);
  });

  it('warns of what nothing hangs on, and the image opens', async () => {
    const all = 2n ** 64n - 1n;
    const idle = await patchOf({ f: 'x' });
    idle.describe('modes', 'max_index', all).set('blocks', all).describe('xip', 'fsoffset', all);
    idle.pokeImage(248, 0x40);
    const { verdict, counts } = check(idle.bytes);
    expect(idle.of('xip', 'size')).toBe(0);
    expect(verdict).toBe('clean');
    expect(counts).toEqual({ idle_field: 4, max_index: 1, blocks: 1, timestamp: 1 });
    const volume = volumeOf(idle.bytes);
    expect(volume.image.superblock.timestamp).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('warns of table entries that nothing hangs on, and they can be read', async () => {
    const idle = await patchOf({ 'd/f': 'x', e: '' });
    // Inodes: root, d, e, d/f.
    idle.replaceTable('inode_file_size', [0, 0, 0, 1], 8).poke('inode_file_size', 8, 0xff);
    idle.replaceTable('inode_array_index', [1, 3, 0, 0], 8).poke('inode_array_index', 16, 0xff);
    expect(check(idle.bytes)).toMatchObject({ verdict: 'clean', counts: { idle_field: 2 } });
    expect([...volumeOf(idle.bytes).walk()].map(({ path }) => path)).toEqual([
      '.',
      'd',
      'd/f',
      'e',
    ]);
    idle.poke('inode_file_size', 24, 0xff);
    expect(check(idle.bytes)).toMatchObject({ verdict: 'damaged', counts: { entry: 1 } });
  });

  it('shows all of a digest whose tail is wrong', () => {
    const { image } = encodeDialect(treeFrom({ a: 'b' }), { ...PLAIN_DIALECT, digest: true });
    image[59] = 1;
    const [finding] = check(image).findings;
    expect([String(finding?.value).length, finding?.expected]).toEqual([
      80,
      expect.stringMatching(/^[0-9a-f]{40}0{40}$/),
    ]);
  });

  it('of an xip region that is stored compressed does not ask where it is mapped', () => {
    const root = treeFrom({ a: textBytes(20_000) });
    const written = { ...PLAIN_DIALECT, compressed: ['xip'], seed: 3 };
    const { image } = encodeDialect(root, written);
    const small = new Patch(image).set('mmap_size', 4096);
    expect(small.of('xip', 'size')).toBeGreaterThan(0);
    expect(broken(small.bytes)).not.toHaveProperty('xip_mapped');
  });

  it('expands no bytes of cblocks twice, however often offsets decrease', async () => {
    const size = 2 ** 20;
    const one = await patchOf({ f: 'x' });
    const block = deflateSync(new Uint8Array(size));
    one.set('cblock_size', size).replace('compressed', block);
    const offsets = Array.from({ length: 20_001 }, (_, i) => (i % 2 === 0 ? 0 : block.length));
    one.replaceTable('cblock_offset', offsets, 4);
    const counting = createPakoInflater();
    let expanded = 0;
    const device = createRamDevice('image', memoryContents(one.bytes));
    const { counts } = checkImage(device, {
      name: 'image',
      inflater: {
        inflate: (stored, into) => {
          expanded += 1;
          return counting.inflate(stored, into);
        },
      },
    });
    expect(counts.cblock_order).toBe(10_000);
    expect(expanded).toBe(1);
  });

  it('expands so much and no more', async () => {
    const size = 2 ** 20;
    const one = await patchOf({ f: 'x' });
    const cblocks = 2000;
    one.set('cblock_size', size).replace('compressed', new Uint8Array(cblocks * 10));
    const offsets = Array.from({ length: cblocks + 1 }, (_, i) => i * 10);
    one.replaceTable('cblock_offset', offsets, 4);
    let expanded = 0;
    const { counts } = checkImage(createRamDevice('image', memoryContents(one.bytes)), {
      name: 'image',
      inflater: {
        inflate: () => {
          expanded += size;
          return size;
        },
      },
    });
    expect(counts.cblock_work).toBe(1);
    expect(expanded).toBe(2 ** 30 + size);
  });

  it('finds all damage in one run, structure and contents', () => {
    patch
      .set('cblock_size', 0)
      .describe('uids', 'fsoffset', 2 ** 40)
      .pokeImage(0, 1);
    patch.set('page_shift', 9).pokeImage(patch.get('size') - 1, 0);
    patch.setEntry('inode_num_entries', 5, 1).setEntry('node_type', nodeOf(patch, 1), 9);
    const { verdict, counts } = check(patch.bytes);
    expect(verdict).toBe('unmountable');
    expect(Object.keys(counts)).toEqual(
      expect.arrayContaining(
        'magic page_shift cblock_size trailing_magic region node_type page_count'.split(' '),
      ),
    );
  });

  it('says where, what and what was expected', () => {
    patch.setEntry('node_index', nodeOf(patch, 6), 7);
    const expected: Finding = {
      rule: 'xip_range',
      severity: 'damage',
      region: 'node_index',
      index: nodeOf(patch, 6),
      value: 7,
      expected: 'below 2',
    };
    expect(check(patch.bytes).findings).toEqual([expected]);
  });

  it('keeps some findings of each rule and counts the others', async () => {
    const names = Array.from({ length: 50 }, (_, i): [string, string] => [`f${String(i)}`, '']);
    const many = await patchOf(Object.fromEntries(names));
    for (let inode = 1; inode <= 50; inode += 1) many.setEntry('inode_name_offset', inode, 2 ** 30);
    const { counts, findings } = check(many.bytes);
    expect(counts).toEqual({ name_offset: 50 });
    expect(findings).toHaveLength(FINDINGS_PER_RULE);
  });

  it('reports a directory of 2^40 entries at once', () => {
    patch.set('files', 2 ** 40).setEntry('inode_num_entries', 2, 2 ** 32 - 1);
    expect(broken()).toMatchObject({ files: 1, child_range: 1, unreachable: 2 });
  });

  it('of what is no image says so', () => {
    expect(broken(new Uint8Array(5))).toEqual({ size: 1 });
    expect(broken(new Uint8Array(8192))).toEqual({ magic: 1, signature: 1 });
  });

  it('sees a region too large to keep, and descriptors behind the first page', () => {
    const size = 2 ** 31;
    patch
      .set('size', size)
      .set('mmap_size', 0)
      .describe('strings', 'size', 2 ** 30 + 1);
    const contents = memoryContents(patch.bytes);
    const device = createRamDevice('image', {
      size,
      view: (offset, length) =>
        offset + length <= contents.size ? contents.view(offset, length) : new Uint8Array(length),
    });
    const { counts } = checkImage(device, { name: 'image', inflater: createPakoInflater() });
    expect(counts).toMatchObject({ resident: 1, trailing_magic: 1 });
    const far = new Patch(good);
    const bytes = far.bytes.slice(far.descriptorAt('gids'), far.descriptorAt('gids') + 34);
    far.replace('uids', far.region('uids'));
    far.replace('gids', Uint8Array.of(...far.region('gids'), ...bytes));
    const at = far.of('gids', 'fsoffset') + far.of('gids', 'size') - 34;
    for (const [i, byte] of far.bytes
      .slice(far.descriptorAt('gids'), far.descriptorAt('gids') + 34)
      .entries())
      far.pokeImage(at + i, byte);
    expect(broken(far.pointDescriptor('gids', at).bytes)).toMatchObject({ descriptor_page: 1 });
  });

  it.each([true, false])('verifies a digest where it can: %s', (able) => {
    const root = treeFrom({ a: 'content' });
    const { image } = encodeDialect(root, { ...PLAIN_DIALECT, digest: true });
    const device = createRamDevice('image', memoryContents(image));
    const options = { name: 'image', inflater: createPakoInflater(), ...(able ? { sha1 } : {}) };
    expect(checkImage(device, options).digest).toBe(able ? 'verified' : 'not verified');
    image[image.length - 1] = 1;
    expect(checkImage(device, options).digest).toBe(able ? 'wrong' : 'not verified');
  });

  it('goes over both devices of a split image', () => {
    const root = treeFrom({ a: textBytes(9000), b: noiseBytes(5000), c: 'short' });
    const written = { ...PLAIN_DIALECT, split: true, digest: true, seed: 4 };
    const { image, mmapSize } = encodeDialect(root, written);
    const [front, back] = [image.subarray(0, mmapSize), image.slice(mmapSize)];
    expect(check(front, back)).toMatchObject({ verdict: 'clean', second: 'tail' });
    expect(check(front, image)).toMatchObject({ verdict: 'clean', second: 'whole' });
    expect(check(front, back).digest).toBe('verified');
    back.fill(0, 0, 2000);
    expect(check(front, back).verdict).toBe('damaged');
    expect(check(front).counts).toMatchObject({ size: 1 });
    expect(check(front, back.subarray(0, 100)).counts).toMatchObject({ second: 1 });
  });
});

it('every region may be missing, and the rest is still checked', () => {
  for (const region of REGION_NAMES) {
    const { verdict, counts } = check(new Patch(good).pointDescriptor(region, 2 ** 40).bytes);
    expect([region, verdict, counts.descriptor]).toEqual([region, 'unmountable', 1]);
  }
});
