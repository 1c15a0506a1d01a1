import { describe, expect, it } from 'vitest';
import { FakeHost } from '../../support/fake-host.ts';
import { textBytes } from '../../support/sample-data.ts';
import { patchOf } from '../fs/patch.ts';
import { run } from './axfs-host.ts';

describe('axfs extract makes holes', () => {
  const PAGE = 4096;
  const ZEROS = new Uint8Array(200 * PAGE);

  it.each([
    ['at the end', [textBytes(PAGE), ZEROS], PAGE],
    [
      'at the start and inside',
      [ZEROS, textBytes(5000), ZEROS, textBytes(10)],
      2 * PAGE + (5010 % PAGE),
    ],
    ['everywhere', [ZEROS], 0],
    ['of whole pages alone', [textBytes(PAGE), new Uint8Array(100)], PAGE + 100],
    ['nowhere', [textBytes(70 * PAGE + 1)], 70 * PAGE + 1],
  ] as const)('%s', async (_, parts, room) => {
    const content = new Uint8Array(Buffer.concat(parts));
    const host = new FakeHost({ '/i': (await patchOf({ f: { content } })).bytes });
    host.diskBytes = room;
    expect(await run(['extract', 'i', 'out'], host)).toMatchObject({ code: 0, err: '' });
    expect(Buffer.compare(host.contentOf('/out/f') ?? new Uint8Array(0), content)).toBe(0);
    expect(host.diskBytes).toBe(0);
  });
});
