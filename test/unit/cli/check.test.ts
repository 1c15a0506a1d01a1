import { describe, expect, it } from 'vitest';
import { RULES } from '../../../src/fs/check-rules.ts';
import { treeFrom } from '../../../src/mkfs/tree.ts';
import { encodeDialect, PLAIN_DIALECT } from '../../support/dialects.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';
import { Patch } from '../fs/patch.ts';
import { run, sampleImage, usualHost } from './axfs-host.ts';

/** The usual host with a damaged copy of its image as /damaged.axfs. */
async function hostWith(damage: (patch: Patch) => unknown): Promise<FakeHost> {
  const patch = new Patch(await sampleImage());
  damage(patch);
  return (await usualHost()).file('/damaged.axfs', patch.bytes);
}

describe('axfs check', () => {
  it('ends with 0 for a clean image', async () => {
    expect(await run(['check', 'rootfs.axfs'])).toMatchObject({
      ...{ code: 0, out: 'rootfs.axfs: clean\n', err: '' },
    });
  });

  it('ends with 0 for warnings, which it prints', async () => {
    const host = await hostWith((patch) => patch.set('blocks', 3));
    const { code, out } = await run(['check', 'damaged.axfs'], host);
    expect(code).toBe(0);
    expect(out).toMatch(
      /^warning: blocks: superblock: 3, expected \d+ \(blocks counts the nodes of the files\)\ndamaged\.axfs: clean\n$/,
    );
  });

  it('ends with 1 for damage, and says how much more there is', async () => {
    const host = await hostWith((patch) => {
      for (let inode = 1; inode < patch.get('files'); inode += 1)
        patch
          .setEntry('inode_mode_index', inode, 1000)
          .setEntry('inode_name_offset', inode, 2 ** 30);
    });
    const { code, out, err } = await run(['check', 'damaged.axfs'], host);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toContain('damage: name_offset: inode_name_offset 20: 1073741824, expected below ');
    const files = new Patch(await sampleImage()).get('files');
    const more = files - 1 - 20;
    if (more > 0) expect(out).toContain(`\nname_offset: ${String(more)} more findings\n`);
    expect(out.endsWith('\ndamaged.axfs: damaged, but readable in part\n')).toBe(true);
  });

  it('ends with 2 for what cannot be mounted', async () => {
    const host = await hostWith((patch) => patch.set('compression_type', 1));
    const { code, out } = await run(['check', 'damaged.axfs'], host);
    expect(code).toBe(2);
    expect(out.split('\n').at(-2)).toBe('damaged.axfs: not mountable');
    expect((await run(['check', 'hello'], host)).code).toBe(2);
  });

  it('ends with 8 for files that cannot be read, 16 for a wrong command line', async () => {
    expect((await run(['check', 'nothing'])).code).toBe(8);
    expect((await run(['check', 'directory'])).code).toBe(8);
    expect((await run(['check'])).code).toBe(16);
    expect((await run(['check', 'rootfs.axfs', '--no-such'])).code).toBe(16);
  });

  it('gives the same as JSON', async () => {
    const host = await hostWith((patch) => patch.set('blocks', 3));
    const { out } = await run(['check', '--json', 'damaged.axfs'], host);
    expect(JSON.parse(out)).toEqual({
      ...{ image: 'damaged.axfs', verdict: 'clean', second: null, digest: 'none' },
      findings: [expect.objectContaining({ rule: 'blocks', severity: 'warning', value: 3 })],
      counts: { blocks: 1 },
    });
  });

  it('documents its codes and every rule', async () => {
    const { code, out } = await run(['check', '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(
      /0 {3}clean\n {2}1 {3}damaged, but readable in part\n {2}2 {3}not mountable/,
    );
    for (const { id, sentence } of RULES) {
      expect(out).toContain(id);
      expect(out).toContain(sentence);
    }
  });
});

describe('--second-device', () => {
  const root = treeFrom({ a: textBytes(9000), b: noiseBytes(5000) });
  const { image, mmapSize } = encodeDialect(root, { ...PLAIN_DIALECT, split: true, digest: true });
  const host = (): FakeHost =>
    new FakeHost({
      '/front': image.slice(0, mmapSize),
      '/back': image.slice(mmapSize),
      '/whole': image,
    });
  const second = ['--second-device', 'back'];

  it.each([['info'], ['ls'], ['manifest'], ['cat', 'a']])(
    'is an option of %s, which says what it is taken for',
    async (command, ...paths) => {
      const expected = await run([command, 'whole', ...paths], host());
      expect(expected.code).toBe(0);
      const { code, out, err } = await run([command, 'front', ...paths, ...second], host());
      expect({ code, err }).toEqual({
        code: 0,
        err: `axfs: back: taken as the part of the image from byte ${String(mmapSize)} on\n`,
      });
      expect(out.replace(/front/g, 'whole').replace(/image +whole/, '')).toBe(
        expected.out.replace(/image +whole/, ''),
      );
      const whole = await run([command, 'front', ...paths, '--second-device', 'whole'], host());
      expect(whole.err).toBe(
        `axfs: whole: taken as a whole image, used from byte ${String(mmapSize)} on\n`,
      );
    },
  );

  it('is an option of check', async () => {
    const { code, out } = await run(['check', 'front', ...second], host());
    expect({ code, out }).toEqual({
      code: 0,
      out: 'front: clean, digest verified, second device taken as the part\n',
    });
  });

  it('is missed, and refused when it is not one', async () => {
    expect((await run(['ls', 'front'], host())).err).toContain('may be on a second device');
    const { code, err } = await run(['ls', 'front', '--second-device', 'front'], host());
    expect(code).toBe(8);
    expect(err).toMatch(/^axfs: front: second device front: no trailing magic at [^\n]+\n$/);
  });
});
