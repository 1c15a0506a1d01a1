import { expect, it } from 'vitest';
import { buildImage } from '../../../src/mkfs/build.ts';
import { IMPROVED_FEATURES } from '../../../src/mkfs/features.ts';
import { Pace } from '../../../src/mkfs/pace.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { textBytes } from '../../support/sample-data.ts';

it('pauses every so many steps', async () => {
  let pauses = 0;
  const pace = new Pace(() => {
    pauses += 1;
    return Promise.resolve();
  }, 3);
  for (let i = 0; i < 10; i += 1) await pace.step();
  expect(pauses).toBe(3);
  expect(new Pace(undefined, 1).step()).toBeUndefined();
});

it('a build pauses while it stores pages and compares copies; the image is the same', async () => {
  const zeros = new Uint8Array(4096 * 1024);
  const tree = treeFrom({ zeros, copy: zeros, text: textBytes(4096 * 300) });
  const features = { ...IMPROVED_FEATURES, codec: 'zlib' } as const;
  let pauses = 0;
  const pause = async (): Promise<void> => {
    pauses += 1;
    await new Promise((done) => setImmediate(done));
  };
  const paused = await buildImage(tree, { features, pause });
  // 2348 pages, 256 of them between two pauses.
  expect(pauses).toBe(Math.floor(2348 / 256));
  expect(paused.toBytes()).toEqual((await buildImage(tree, { features })).toBytes());
});
