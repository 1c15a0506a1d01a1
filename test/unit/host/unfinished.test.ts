import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import type { ByteString } from '../../../src/base/bytestring.ts';
import { createNodeFiles } from '../../../src/host/node-files.ts';
import { createNodeTree } from '../../../src/host/node-tree.ts';

let folder = '';
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'axfs-unfinished-'));
  fs.writeFileSync(join(folder, '.axfs-one.tmp'), 'left behind');
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): ByteString => fromText(join(folder, name));

const makers = {
  files: (random: () => string) => createNodeFiles(random).create(at('out')),
  tree: (random: () => string) => createNodeTree(random).createFile(at('out')),
} as const;

it.each(['files', 'tree'] as const)('takes another name than one left behind: %s', (maker) => {
  const names = ['one', 'one', 'two'];
  const file = makers[maker](() => names.shift() ?? 'three');
  expect(fs.readdirSync(folder).sort()).toEqual(['.axfs-one.tmp', '.axfs-two.tmp']);
  file.discard();
  expect(fs.readdirSync(folder)).toEqual(['.axfs-one.tmp']);
  expect(fs.readFileSync(join(folder, '.axfs-one.tmp'), 'utf8')).toBe('left behind');
});

it.each(['files', 'tree'] as const)('names the temporary file when none is free: %s', (maker) => {
  expect(() => makers[maker](() => 'one')).toThrow(
    expect.objectContaining({
      code: 'EEXIST',
      message: `cannot create ${folder}/out: its temporary file ${folder}/.axfs-one.tmp exists, expected a name that is free`,
    }),
  );
});
