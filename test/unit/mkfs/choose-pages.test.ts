import { describe, expect, it } from 'vitest';
import { fromText } from '../../../src/base/bytestring.ts';
import { createInlineCompressor } from '../../../src/codec/compressor.ts';
import type { PageCompressor } from '../../../src/codec/compressor.ts';
import { createPakoDeflater } from '../../../src/codec/pako.ts';
import { buildImage } from '../../../src/mkfs/build.ts';
import { choosePages, policyOfChoice, sizerBy, sizerOf } from '../../../src/mkfs/choose-pages.ts';
import { profileOf } from '../../../src/mkfs/profile.ts';
import type { PageProfile } from '../../../src/mkfs/profile.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { elfHead } from '../../support/elf.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

const list = (...lines: readonly (readonly [string, number, number])[]): PageProfile =>
  profileOf(lines.map(([path, offset, count]) => ({ path: fromText(path), offset, count })));

const elf = new Uint8Array(5 * 4096);
elf.set(
  elfHead({
    bits: 32,
    order: 'little',
    segments: [
      { type: 1, flags: 5, offset: 0, filesz: 0x2000 },
      { type: 1, flags: 6, offset: 0x3000, filesz: 0x1800 },
      { type: 0x6474e552, flags: 4, offset: 0x3000, filesz: 0x200 },
    ],
  }),
);

const tree = treeFrom({
  'bin/prog': { content: elf, mode: 0o755 },
  'lib/noise': noiseBytes(4096 + 100),
  'lib/text': textBytes(3 * 4096),
  link: { type: 'symlink', target: 'lib/text' },
});
const compressor = createInlineCompressor(createPakoDeflater());

describe('choosePages', () => {
  it('sums the counts of lines that select a page, and measures it once', async () => {
    const measured: number[] = [];
    const sizer = sizerBy((page) => {
      measured.push(page.length);
      return 1096;
    });
    const profile = list(['lib/text', 0, 1], ['lib/text', 0, 2], ['lib/text', 100, 4]);
    const { decisions } = await choosePages(tree, { policy: { kind: 'profile', profile }, sizer });
    expect(decisions.map(({ page, count, stored, added }) => [page, count, stored, added])).toEqual(
      [
        [0, 7, 1096, 3000],
        [1, 4, 1096, 3000],
      ],
    );
    expect(measured).toEqual([4096, 4096]);
  });

  it('prices pages as the builder stores them, partial and incompressible ones, too', async () => {
    const profile = list(['lib/noise', 0, 1], ['lib/noise', 4096, 1]);
    const policy = { kind: 'profile', profile } as const;
    const sizer = sizerOf(compressor);
    const whole = await choosePages(tree, { policy, sizer });
    expect(whole.decisions.map(({ stored, added }) => [stored, added])).toEqual([
      [4097, 0],
      [101, 3995],
    ]);
    const tails = await choosePages(tree, { policy, sizer, xipTails: false });
    expect(tails.decisions.map(({ stored, added }) => [stored, added])).toEqual([
      [4097, 0],
      [101, 0],
    ]);
  });

  it('spends what the image grows by', async () => {
    const profile = list(['lib/noise', 4096, 3], ['lib/text', 0, 9], ['lib/text', 4096, 8]);
    const policy = { kind: 'profile', profile } as const;
    const choice = await choosePages(tree, { policy, sizer: sizerOf(compressor), budget: 7500 });
    const bytes = async (xip: ReturnType<typeof policyOfChoice>): Promise<number> => {
      const { regions } = (await buildImage(tree, { xip, features: { dedupe: false } })).report;
      return regions.xip + regions.byte_aligned + regions.compressed;
    };
    expect(choice.decisions.map(({ reason }) => reason)).toEqual(['worth', 'worth', 'over-budget']);
    expect(await bytes(policyOfChoice(choice, profile))).toBe(
      (await bytes({ kind: 'none' })) + choice.spent,
    );
  });

  it('leaves out what ELF programs write, whatever selects it', async () => {
    const all = await choosePages(tree, { policy: { kind: 'elf' }, excludeElfData: true });
    expect(all.decisions.map(({ page, reason }) => [page, reason])).toEqual([
      [0, 'listed'],
      [1, 'listed'],
      [2, 'listed'],
      [3, 'relocated'],
      [4, 'writable'],
    ]);
    const kept = policyOfChoice(all, undefined);
    expect(kept.kind === 'profile' && kept.profile.entries.map(({ offset }) => offset)).toEqual([
      0, 4096, 8192,
    ]);
  });

  it('leaves out what is known to be written, and does not measure it', async () => {
    const profile = list(['lib/text', 0, 1], ['lib/text', 4096, 1]);
    const { decisions } = await choosePages(tree, {
      policy: { kind: 'profile', profile },
      sizer: sizerBy(() => 1),
      written: new Map([[fromText('lib/text'), new Set([0])]]),
    });
    expect(decisions.map(({ page, reason, stored }) => [page, reason, stored])).toEqual([
      [1, 'listed', 1],
      [0, 'written', undefined],
    ]);
  });

  it('names ELF files that it cannot read', async () => {
    const odd = treeFrom({ odd: { content: elf.slice(0, 20), mode: 0o755 } });
    const choice = await choosePages(odd, { policy: { kind: 'all' }, excludeElfData: true });
    expect(choice.unclearElf).toEqual([{ path: 'odd', what: 'its header is cut' }]);
    expect(choice.decisions).toHaveLength(1);
  });

  it('ignores symlinks, directories, unknown paths and pages beyond the end', async () => {
    const profile = list(['link', 0, 1], ['lib', 0, 1], ['no', 0, 1], ['lib/text', 12288, 1]);
    const { decisions } = await choosePages(tree, { policy: { kind: 'profile', profile } });
    expect(decisions).toEqual([]);
  });

  it('pays once for pages of one content when the builder merges them', async () => {
    const same = treeFrom({ a: textBytes(4096), b: textBytes(4096) });
    const sizer = sizerBy(() => 1000);
    const profile = list(['a', 0, 1], ['b', 0, 1]);
    const policy = { kind: 'profile', profile } as const;
    expect((await choosePages(same, { policy, sizer, budget: 9999 })).spent).toBe(6192);
    const merged = await choosePages(same, { policy, sizer, budget: 9999, mergeIdentical: true });
    expect(merged.spent).toBe(3096);
    expect(merged.pages.size).toBe(2);
  });

  it('keeps batches in flight, and does not care in which order pieces and batches come', async () => {
    const bytes = textBytes(300 * 4096 + 7);
    const content = {
      size: bytes.length,
      *read() {
        for (let at = 0; at < bytes.length; at += 10_001) yield bytes.subarray(at, at + 10_001);
      },
    };
    let inFlight = 0;
    let most = 0;
    const slow: PageCompressor = {
      ...compressor,
      parallelism: 3,
      compress: async (blocks) => {
        inFlight += 1;
        most = Math.max(most, inFlight);
        for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
        inFlight -= 1;
        return compressor.compress(blocks);
      },
    };
    const options = { policy: { kind: 'all' }, budget: 1e6 } as const;
    const seen: number[] = [];
    const lazy = await choosePages(treeFrom({ f: { content } }), {
      ...options,
      sizer: sizerOf(slow),
      onProgress: (done) => seen.push(done),
    });
    const plain = await choosePages(treeFrom({ f: bytes }), {
      ...options,
      sizer: sizerOf(compressor),
    });
    expect(lazy).toEqual(plain);
    expect(most).toBe(3);
    expect(seen).toEqual([64, 128, 192, 256, 301]);
  });

  it('fails as the measuring fails', async () => {
    const sizer = {
      parallelism: 2,
      sizes: () => Promise.reject(new Error('worker is gone')),
    };
    const policy = { kind: 'all' } as const;
    await expect(choosePages(tree, { policy, sizer, budget: 1 })).rejects.toThrow('worker is gone');
  });

  it('does not take a budget without sizes', async () => {
    await expect(choosePages(tree, { policy: { kind: 'all' }, budget: 1 })).rejects.toThrow(
      'a budget needs sizes',
    );
  });
});
