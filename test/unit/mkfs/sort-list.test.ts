import { expect, it } from 'vitest';
import { fromText, toBytes } from '../../../src/base/bytestring.ts';
import { buildImage } from '../../../src/mkfs/build.ts';
import { planInodes } from '../../../src/mkfs/inodes.ts';
import { parseSortList, placementOrder, unmatchedPaths } from '../../../src/mkfs/sort-list.ts';
import type { SortList } from '../../../src/mkfs/sort-list.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { comparableTree } from '../../support/comparable-tree.ts';
import { ReferenceReader } from '../../support/reference-reader.ts';
import { noiseBytes } from '../../support/sample-data.ts';
import { treeOfImage } from '../../support/volume-tree.ts';

const parse = (text: string): SortList => parseSortList(toBytes(fromText(text)), 'sort');

const tree = treeFrom({
  a: noiseBytes(5000, 256, 1),
  'd/b': noiseBytes(5000, 256, 2),
  'd/c': noiseBytes(5000, 256, 3),
  e: noiseBytes(5000, 256, 4),
});
const plan = planInodes(tree, false);
const orderOf = (text: string): readonly string[] =>
  placementOrder(plan, parse(text)).map((number) => plan.inodes[number]!.path);

it('puts higher priorities first, directories speaking for what is below, inode order otherwise', () => {
  expect(orderOf('')).toEqual(['', 'a', 'd', 'e', 'd/b', 'd/c']);
  expect(orderOf('e 1\n./d/c 5\n')).toEqual(['d/c', 'e', '', 'a', 'd', 'd/b']);
  expect(orderOf('d 7\nd/b -1\n')).toEqual(['d', 'd/c', '', 'a', 'e', 'd/b']);
  expect(orderOf('/ 1\r\na 2\r\nd/ 0')).toEqual(['a', '', 'e', 'd', 'd/b', 'd/c']);
});

it('knows paths with blanks, and those that no inode has', () => {
  expect([...parse('some file 3\n\nsome file\t4\n')]).toEqual([['some file', 4]]);
  expect(unmatchedPaths(plan, parse('a 1\nb 2\nd/b 1'))).toEqual(['b']);
});

it.each([
  ['a', "sort:1: 'a', expected PATH PRIORITY"],
  ['a 1\na b', "sort:2: priority is 'b', expected -32767 to 32767"],
  ['a 32768', "sort:1: priority is '32768', expected -32767 to 32767"],
])('refuses %j', (text, message) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'EINVAL', message }));
});

it('changes the places of data, not the numbers of inodes', async () => {
  const sort = parse('d/c 2\ne 1\n');
  const { report, toBytes: bytesOf } = await buildImage(tree, { sort });
  const reader = new ReferenceReader(bytesOf());
  expect([0, 1, 2, 3, 4, 5].map((inode) => reader.name(inode))).toEqual([
    ...['./', 'a', 'd', 'e', 'b', 'c'],
  ]);
  expect([5, 3, 1, 4].map((inode) => reader.value('inode_array_index', inode))).toEqual([
    0, 2, 4, 6,
  ]);
  expect(Buffer.compare(reader.page(0, 4096), noiseBytes(4096, 256, 3))).toBe(0);
  expect(comparableTree(treeOfImage(bytesOf()))).toEqual(comparableTree(tree));
  expect(report.warnings).toEqual([]);
});

it('is warned of when it names what is not there', async () => {
  const { report } = await buildImage(tree, { sort: parse('nowhere 1\nnever 2\na 1\n') });
  expect(report.warnings).toEqual(['the sort list names nowhere and 1 more, not in the tree']);
});
