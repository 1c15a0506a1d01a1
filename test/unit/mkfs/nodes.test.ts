import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createInlineCompressor } from '../../../src/codec/compressor.ts';
import type { PageCompressor } from '../../../src/codec/compressor.ts';
import { createPakoDeflater } from '../../../src/codec/pako.ts';
import { joinChunks } from '../../../src/mkfs/chunks.ts';
import { planInodes } from '../../../src/mkfs/inodes.ts';
import { storeNodes } from '../../../src/mkfs/nodes.ts';
import type { StoredNodes } from '../../../src/mkfs/node-store.ts';
import type { NodeOptions } from '../../../src/mkfs/nodes.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import type { EntrySpec, FileContent } from '../../../src/mkfs/tree.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

const inline = createInlineCompressor(createPakoDeflater());
const OPTIONS: NodeOptions = {
  ...{ policy: { kind: 'none' }, xipTails: false, dedupe: false, cblockSize: 4096 },
  compressor: inline,
};

const store = (
  spec: Record<string, EntrySpec>,
  options: Partial<NodeOptions> = {},
): Promise<StoredNodes> =>
  storeNodes(planInodes(treeFrom(spec), false), { ...OPTIONS, ...options });

const bytesOf = (sink: StoredNodes['xip']): Uint8Array => joinChunks(sink.chunks());

describe('storeNodes', () => {
  it('compresses what shrinks and keeps the rest with one extra zero byte', async () => {
    const noise = noiseBytes(4096);
    const nodes = await store({ a: textBytes(5000), b: noise, c: 'xy' });
    expect([...nodes.types]).toEqual([1, 1, 2, 2]);
    expect([...nodes.indexes]).toEqual([0, 1, 0, 1]);
    expect([...nodes.banodeOffsets]).toEqual([0, 4097]);
    expect(bytesOf(nodes.byteAligned)).toEqual(Uint8Array.of(...noise, 0, 0x78, 0x79, 0));
    expect(nodes.cblockOffsets[1]).toBe(createPakoDeflater().deflate(textBytes(4096)).length);
  });

  it('puts a tail selected for XIP among the byte-aligned without the extra byte, in page order', async () => {
    const nodes = await store(
      { a: textBytes(4096 + 3), b: { type: 'symlink', target: 'xy' }, c: 'z' },
      { policy: { kind: 'all' } },
    );
    expect([...nodes.types]).toEqual([0, 2, 2, 2]);
    expect(nodes.xip.size).toBe(4096);
    const tail = textBytes(4099).subarray(4096);
    expect(bytesOf(nodes.byteAligned)).toEqual(Uint8Array.of(...tail, 0x78, 0x79, 0, 0x7a));
    expect([...nodes.banodeOffsets]).toEqual([0, 3, 6]);
  });

  it('ends the target of a symlink with a zero in a cblock of several pages, and there only', async () => {
    const inflate = (bytes: Uint8Array): string => Buffer.from(inflateSync(bytes)).toString();
    const spec = {
      a: 'a'.repeat(90),
      b: { type: 'symlink', target: 'b'.repeat(90) },
      c: 'c'.repeat(90),
    } as const;
    const [one, several] = [await store(spec), await store(spec, { cblockSize: 8192 })];
    const targets = [...one.cblockOffsets].map((at, i) =>
      inflate(bytesOf(one.compressed).subarray(at, one.cblockOffsets[i + 1])),
    );
    expect(targets).toEqual(['a'.repeat(90), 'b'.repeat(90), 'c'.repeat(90)]);
    expect(inflate(bytesOf(several.compressed))).toBe(
      `${'a'.repeat(90)}${'b'.repeat(90)}\0${'c'.repeat(90)}`,
    );
    expect([...several.cnodeOffsets]).toEqual([0, 90, 181]);
    expect(several.cblockSize).toBe(271);
  });

  it('lets no symlink share with a file, behind which there is no zero', async () => {
    const text = 'x'.repeat(90);
    const spec = { a: text, b: { type: 'symlink', target: text }, c: text } as const;
    const nodes = await store(spec, { dedupe: true, cblockSize: 8192 });
    expect([nodes.sharedInodes, ...nodes.cnodeOffsets]).toEqual([1, 0, 90]);
  });

  it('keeps a cblock within its size, zeros and all', async () => {
    const target = 'y'.repeat(4095);
    const nodes = await store(
      { a: 'x'.repeat(4096), b: { type: 'symlink', target }, c: 'z' },
      { cblockSize: 8192 },
    );
    expect([...nodes.cnodeCblocks]).toEqual([0, 0]);
    expect(nodes.cblockSize).toBe(8192);
    expect(nodes.types).toEqual(Uint8Array.of(1, 1, 2));
  });

  it('pads tails to XIP pages with zeros where tails may go there', async () => {
    const nodes = await store({ a: textBytes(4099) }, { policy: { kind: 'all' }, xipTails: true });
    expect([...nodes.types]).toEqual([0, 0]);
    const expected = new Uint8Array(8192);
    expected.set(textBytes(4099));
    expect(bytesOf(nodes.xip)).toEqual(expected);
  });

  const content = textBytes(20_000);
  const cut = (...lengths: number[]): FileContent => ({
    size: content.length,
    read: () => {
      let at = 0;
      return lengths.map((length) => content.subarray(at, (at += length)));
    },
  });
  it.each([
    ['all at once', { size: content.length, read: () => content }],
    ['in one piece', cut(20_000)],
    ['in odd pieces', cut(1, 4095, 4097, 3, 0, 5000, 6804)],
    ['in pieces of pages', cut(8192, 8192, 3616)],
    ['in small pieces', cut(...Array.from({ length: 2000 }, () => 10))],
  ])('does not care how content comes: %s', async (_name, lazy) => {
    const expected = await store({ a: content });
    const nodes = await store({ a: { content: lazy } });
    expect(nodes.types).toEqual(expected.types);
    expect(bytesOf(nodes.compressed)).toEqual(bytesOf(expected.compressed));
  });

  it.each([
    [9, 'd/f: its content has only 9 bytes, expected 10'],
    [11, 'd/f: its content has more than 10 bytes, expected 10'],
  ])('refuses content of %i bytes where 10 are announced', async (length, message) => {
    const lazy = { size: 10, read: () => new Uint8Array(length) };
    await expect(store({ 'd/f': { content: lazy } })).rejects.toMatchObject({
      code: 'EIO',
      message,
    });
  });

  it('stops at once when content goes on and on', async () => {
    let pieces = 0;
    function* endless(): Generator<Uint8Array> {
      for (;;) {
        pieces += 1;
        yield new Uint8Array(4096);
      }
    }
    await expect(store({ f: { content: { size: 8192, read: endless } } })).rejects.toThrow(
      'f: its content has more than 8192 bytes',
    );
    expect(pieces).toBe(3);
  });

  it('closes content that it stops reading', async () => {
    let closed = false;
    function* closing(): Generator<Uint8Array> {
      try {
        yield new Uint8Array(4096);
        yield new Uint8Array(4096);
      } finally {
        closed = true;
      }
    }
    await expect(store({ f: { content: { size: 4096, read: closing } } })).rejects.toThrow();
    expect(closed).toBe(true);
  });

  it('reports progress up to all nodes', async () => {
    const seen: (readonly [number, number])[] = [];
    await store(
      { a: textBytes(4096 * 200) },
      { onProgress: (done, total) => seen.push([done, total]) },
    );
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.at(-1)).toEqual([200, 200]);
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
  });

  it('keeps as many batches in flight as the compressor asks for, and takes them in order', async () => {
    const running: (() => void)[] = [];
    let most = 0;
    const reluctant: PageCompressor = {
      parallelism: 3,
      compress: async (blocks) => {
        const copies = blocks.map((block) => block.slice());
        await new Promise<void>((resolve) => {
          running.push(resolve);
          most = Math.max(most, running.length);
          // The last one to start is the first one to end.
          if (running.length === 3) for (const end of running.splice(0).reverse()) end();
        });
        return inline.compress(copies);
      },
      close: () => Promise.resolve(),
    };
    const content = textBytes(4096 * 64 * 6);
    const [expected, nodes] = [
      await store({ content }),
      await store({ content }, { compressor: reluctant }),
    ];
    expect(most).toBe(3);
    expect(bytesOf(nodes.compressed)).toEqual(bytesOf(expected.compressed));
  });

  it('fails with the compressor’s failure, whichever batch it hits', async () => {
    let batches = 0;
    const failing: PageCompressor = {
      ...inline,
      parallelism: 4,
      compress: (blocks) => {
        batches += 1;
        return batches >= 2
          ? Promise.reject(new Error(`batch ${String(batches)}`))
          : inline.compress(blocks);
      },
    };
    await expect(store({ a: textBytes(4096 * 64 * 5) }, { compressor: failing })).rejects.toThrow(
      'batch 2',
    );
  });
});
