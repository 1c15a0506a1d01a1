import { describe, expect, it } from 'vitest';
import type { ByteString } from '../../../src/base/bytestring.ts';
import { withImageFile } from '../../../src/cli/image-file.ts';
import type { OpenFile } from '../../../src/host/host.ts';
import { FakeHost } from '../../support/fake-host.ts';
import { textBytes } from '../../support/sample-data.ts';
import { patchOf } from '../fs/patch.ts';

/** What was done with the files that a host opened. */
interface Watched {
  readonly host: FakeHost;
  readonly counts: { opened: number; closed: number; bytes: number };
}

function watch(host: FakeHost): Watched {
  const counts = { opened: 0, closed: 0, bytes: 0 };
  const files = { ...host.files };
  Object.assign(host.files, {
    open: (path: ByteString): OpenFile => {
      const file = files.open(path);
      counts.opened += 1;
      return {
        stat: () => file.stat(),
        readAt: (into, position) => {
          counts.bytes += into.length;
          return file.readAt(into, position);
        },
        close: () => {
          counts.closed += 1;
          file.close();
        },
      };
    },
  });
  return { host, counts };
}

const LARGE = 400 * 4096;
const hostWith = async (): Promise<Watched> => {
  const patch = await patchOf({ large: textBytes(LARGE), small: 'x' }, { kind: 'all' });
  return watch(new FakeHost({ '/i': patch.bytes, '/hello': 'hello' }).symlink('/link', 'i'));
};

describe('an image file', () => {
  it('is read piece by piece: what is not asked for is not read', async () => {
    const { host, counts } = await hostWith();
    const root = await withImageFile(host, 'i', (volume) => volume.readdir(volume.root));
    expect(root.map(({ name }) => name)).toEqual(['large', 'small']);
    expect(counts.bytes).toBeLessThan(LARGE / 10);
  });

  it('is closed at the end, whatever the end', async () => {
    const { host, counts } = await hostWith();
    expect(await withImageFile(host, 'link', async (volume) => Promise.resolve(volume.name))).toBe(
      'link',
    );
    expect([counts.opened, counts.closed]).toEqual([1, 1]);
    await expect(
      withImageFile(host, 'i', () => {
        throw new RangeError('mine');
      }),
    ).rejects.toThrow(new RangeError('mine'));
    await expect(
      withImageFile(host, 'i', () => Promise.reject(new RangeError('later'))),
    ).rejects.toThrow(new RangeError('later'));
    await expect(withImageFile(host, 'hello', () => undefined)).rejects.toMatchObject({
      code: 'EINVAL',
      message: 'hello: not an AXFS image: 5 bytes, expected at least 264',
    });
    expect([counts.opened, counts.closed]).toEqual([4, 4]);
  });
});
