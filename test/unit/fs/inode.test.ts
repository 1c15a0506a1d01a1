import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { inodeNumber } from '../../../src/base/units.ts';
import { contentAt, failureOf, Patch, patchOf, volumeOf } from './patch.ts';

/** Inodes: 0 root, 1 aa, 2 bb, 3 dir, 4 dir/inner. */
let good: Uint8Array;
beforeAll(async () => {
  good = (await patchOf({ aa: 'first', bb: 'second', 'dir/inner': 'third' })).bytes;
});
let patch: Patch;
beforeEach(() => {
  patch = new Patch(good);
});

const inode = (number: number): unknown =>
  failureOf(() => volumeOf(patch.bytes).inodes.get(inodeNumber(number)));
const name = (number: number): unknown =>
  failureOf(() => volumeOf(patch.bytes).inodes.name(inodeNumber(number)));
/** Files that still read right while another one is damaged. */
const expectOthers = (...paths: readonly string[]): void => {
  const contents = { aa: 'first', bb: 'second', 'dir/inner': 'third' };
  const volume = volumeOf(patch.bytes);
  for (const path of paths)
    expect(new TextDecoder().decode(contentAt(volume, path))).toBe(
      contents[path as keyof typeof contents],
    );
};

describe('an inode', () => {
  it('is what its rows say', () => {
    const volume = volumeOf(good);
    expect(volume.inodes.count).toBe(5);
    expect(volume.inodes.get(inodeNumber(3))).toEqual({
      number: 3,
      type: 'dir',
      mode: 0o40755,
      uid: 0,
      gid: 0,
      size: 6,
      numEntries: 1,
      arrayIndex: 4,
    });
    expect(volume.inodes.name(inodeNumber(4))).toBe('inner');
  });

  it('beyond the last one does not exist', () => {
    expect(inode(5)).toEqual(['EIO', 'image: inode 5: there are only 5 inodes']);
  });

  it('count is what the superblock says as far as the tables have rows', () => {
    patch.set('files', 2 ** 40);
    expect(inode(5)).toEqual(['EIO', 'image: inode 5: there are only 5 inodes']);
    patch.set('files', 4);
    expect(inode(4)).toEqual(['EIO', 'image: inode 4: there are only 4 inodes']);
  });

  it.each([
    [4, 2, 'children 4 to 5 lie outside 4 to 4'],
    [5, 1, 'children 5 to 5 lie outside 4 to 4'],
    [3, 1, 'children 3 to 3 lie outside 4 to 4'],
    [0, 1, 'children 0 to 0 lie outside 4 to 4'],
    [4, 2 ** 32 - 1, 'children 4 to 4294967298 lie outside 4 to 4'],
  ])('whose children are %i and %i more is damaged', (first, count, what) => {
    patch.setEntry('inode_array_index', 3, first).setEntry('inode_num_entries', 3, count);
    expect(inode(3)).toEqual(['EIO', `image: inode 3: ${what}`]);
    expect(failureOf(() => volumeOf(patch.bytes).resolve(fromText('dir/inner')))).toEqual([
      'EIO',
      `image: inode 3: ${what}`,
    ]);
    expectOthers('aa', 'bb');
  });

  it('without children may have any first child', () => {
    patch.setEntry('inode_array_index', 3, 99).setEntry('inode_num_entries', 3, 0);
    const volume = volumeOf(patch.bytes);
    expect(volume.readdir(volume.resolve(fromText('dir')))).toEqual([]);
  });

  it('whose mode index is outside the tables is damaged', () => {
    patch.setEntry('inode_mode_index', 1, 7);
    expect(inode(1)).toEqual([
      'EIO',
      expect.stringMatching(/^image: table modes has 2 entries, but entry 7 is asked for$/),
    ]);
    expectOthers('bb', 'dir/inner');
  });

  it.each([0o644, 0o170644, 0o30644, 0o110755])('whose mode is 0%o is damaged', (mode) => {
    patch.setEntry('modes', patch.entry('inode_mode_index', 1), mode);
    expect(inode(1)).toEqual([
      'EIO',
      `image: inode 1: mode 0${mode.toString(8)} has no known type`,
    ]);
  });

  it.each([
    [5, 0, '5 bytes need 1 pages, not 0'],
    [4096, 2, '4096 bytes need 1 pages, not 2'],
    [4097, 1, '4097 bytes need 2 pages, not 1'],
    [0, 1, '0 bytes need 0 pages, not 1'],
    [2 ** 32 - 1, 1, '4294967295 bytes need 1048576 pages, not 1'],
  ])('of %i bytes and %i pages is damaged', (size, count, what) => {
    patch.setEntry('inode_file_size', 2, size).setEntry('inode_num_entries', 2, count);
    expect(inode(2)).toEqual(['EIO', `image: inode 2: ${what}`]);
    expectOthers('aa', 'dir/inner');
  });
});

describe('a name', () => {
  const at = (number: number): number => patch.entry('inode_name_offset', number);
  const put = (offset: number, text: string): void => {
    Array.from(text).forEach((c, i) => patch.poke('strings', offset + i, c.charCodeAt(0)));
  };

  it('that does not end is damage', () => {
    const { length } = patch.region('strings');
    patch.poke('strings', length - 1, 0x78);
    expect(name(4)).toEqual([
      'EIO',
      `image: inode 4: name at offset ${String(length - 6)} of strings does not end`,
    ]);
    expectOthers('aa', 'bb');
  });

  it.each([0, 1, 1000])('that starts %i bytes behind the strings is damage', (beyond) => {
    const offset = patch.region('strings').length + beyond;
    patch.setEntry('inode_name_offset', 1, offset);
    expect(name(1)).toEqual([
      'EIO',
      `image: inode 1: name at offset ${String(offset)} of strings does not end`,
    ]);
  });

  it('that is empty is damage', () => {
    patch.poke('strings', at(1), 0);
    expect(name(1)).toEqual(['EIO', 'image: inode 1: name has 0 bytes, expected 1 to 255']);
  });

  it.each(['.\0', '..', 'a/', '/a'])('that is %j is damage', (text) => {
    put(at(2), text);
    const shown = text.replace('\0', '');
    expect(name(2)).toEqual(['EIO', `image: inode 2: '${shown}' cannot be a name`]);
    expectOthers('aa', 'dir/inner');
    // It may be the damaged one.
    expect(failureOf(() => volumeOf(patch.bytes).resolve(fromText('bb')))).toEqual([
      'EIO',
      expect.stringContaining('inode 2: '),
    ]);
  });

  it('of 256 bytes is damage, one of 255 is not', async () => {
    const long = await patchOf({ ['x'.repeat(255)]: '', z: '' });
    const volume = volumeOf(long.bytes);
    expect(volume.inodes.name(inodeNumber(1))).toHaveLength(255);
    // The NUL between the two names becomes a letter: 255 + 1 + 1 bytes.
    long.poke('strings', long.entry('inode_name_offset', 2) - 1, 0x79);
    expect(failureOf(() => volumeOf(long.bytes).inodes.name(inodeNumber(1)))).toEqual([
      'EIO',
      'image: inode 1: name at offset 3 of strings has more than 255 bytes',
    ]);
  });

  it('may be shared and need not be UTF-8', () => {
    patch.setEntry('inode_name_offset', 4, at(2)).poke('strings', at(1), 0xff);
    const volume = volumeOf(patch.bytes);
    expect(new TextDecoder().decode(contentAt(volume, 'dir/bb'))).toBe('third');
    expect(new TextDecoder().decode(contentAt(volume, '\udcffa'))).toBe('first');
  });

  it('need not be sorted: look-ups find it anyway', () => {
    const [a, b] = [at(1), at(2)];
    patch.setEntry('inode_name_offset', 1, b).setEntry('inode_name_offset', 2, a);
    const volume = volumeOf(patch.bytes);
    expect(volume.readdir(volume.root).map((row) => row.name)).toEqual(['bb', 'aa', 'dir']);
    expect(new TextDecoder().decode(contentAt(volume, 'bb'))).toBe('first');
  });
});
