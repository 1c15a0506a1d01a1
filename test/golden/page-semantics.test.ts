/** What a program can do to a page of an image, and see of it, on the kernel that was measured: the same text. */
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KERNELS } from '../../src/mm/kernel.ts';
import { NODE_TYPE } from '../../src/ondisk/constants.ts';
import { ROOT } from '../support/demo.ts';
import { comparable, probeMachine, probePage, PROBED } from '../support/page-semantics.ts';
import type { ProbedKind } from '../support/page-semantics.ts';

const TYPES = {
  xip: NODE_TYPE.xip,
  compressed: NODE_TYPE.compressed,
  'byte-aligned': NODE_TYPE.byteAligned,
} as const satisfies Record<ProbedKind, number>;

const KINDS = Object.keys(PROBED) as ProbedKind[];

describe('page semantics', () => {
  it.each(KINDS)('the pages that stand for %s are of that kind', async (kind) => {
    const { mount } = await probeMachine('6.1-x86');
    const { path, pages } = PROBED[kind];
    const { inode } = mount.open(path);
    for (const page of pages)
      expect(mount.volume.nodes.type(inode.arrayIndex + page)).toBe(TYPES[kind]);
  });

  it.each([KERNELS['4.9-arm'].name, KERNELS['6.1-x86'].name])(
    '%s: every line of the probe is the golden one',
    async (kernel) => {
      const machine = await probeMachine(kernel);
      const lines = KINDS.flatMap((kind) => {
        const { path, pages } = PROBED[kind];
        const file = machine.mount.open(path);
        return [kind, ...pages.flatMap((page) => probePage(machine.spawn(), file, page))];
      });
      const golden = resolve(ROOT, 'images', 'golden', `page-semantics-${kernel}.txt`);
      await expect(`${lines.map(comparable).join('\n')}\n`).toMatchFileSnapshot(golden);
    },
  );
});
