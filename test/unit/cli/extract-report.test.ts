import { describe, expect, it } from 'vitest';
import type { ExtractOutcome } from '../../../src/cli/extract-report.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { patchOf } from '../fs/patch.ts';
import { run, usualHost } from './axfs-host.ts';

const IMAGE = 'rootfs.axfs';

describe('axfs extract --json', () => {
  const outcomeOf = (out: string): ExtractOutcome => JSON.parse(out) as ExtractOutcome;

  it('says what was made and what was left out, with every path', async () => {
    const host = await usualHost();
    host.user = { uid: 1000, gid: 50 };
    const { code, out, err } = await run(['extract', IMAGE, 'out', '--json'], host);
    expect(code).toBe(0);
    const { leftOut, ...outcome } = outcomeOf(out);
    expect(outcome).toEqual({
      ...{ image: IMAGE, format: 'directory', target: 'out', entries: 18, bytes: 14_012 },
      ...{ lost: [], lostEntries: 0 },
    });
    expect(leftOut.map(({ what, paths }) => [what, paths.length])).toEqual([
      ['device', 2],
      ['socket', 1],
      ['owner', 17],
    ]);
    expect(leftOut[0]).toEqual({
      ...{ what: 'device', why: 'left out: only root can make them' },
      paths: ['dev/big', 'dev/null'],
    });
    expect(leftOut[2]?.paths).toContain('odd/raw\udcff');
    expect(err.split('\n')).toHaveLength(4);
  });

  it.each([
    ['tar', 20, ['socket']],
    ['cpio', 21, []],
  ] as const)('counts the entries of a %s archive', async (format, entries, left) => {
    const { out } = await run(['extract', IMAGE, `--${format}`, 'o', '--json']);
    const { leftOut, ...outcome } = outcomeOf(out);
    expect(outcome).toEqual({
      ...{ image: IMAGE, format, target: 'o', entries, bytes: 14_012 },
      ...{ lost: [], lostEntries: 0 },
    });
    expect(leftOut.map(({ what }) => what)).toEqual(left);
  });

  it('names what is lost, and ends with 8 all the same', async () => {
    const patch = await patchOf({ a: '1', b: '2', c: '3' });
    const host = new FakeHost({ '/i': patch.setEntry('inode_mode_index', 2, 200).bytes });
    const { code, out } = await run(['extract', 'i', 'out', '--json'], host);
    expect(code).toBe(8);
    expect(outcomeOf(out)).toMatchObject({
      ...{ entries: 3, bytes: 2 },
      lost: [{ path: 'b', error: 'i: table modes has 2 entries, but entry 200 is asked for' }],
      lostEntries: 1,
    });
  });

  it('does not mix with an archive', async () => {
    expect(await run(['extract', IMAGE, '--tar', '-', '--json'])).toMatchObject({
      ...{ code: 16, out: '' },
      err: 'axfs: option --json prints where option --tar - writes the archive, expected --tar FILE\n',
    });
  });
});
