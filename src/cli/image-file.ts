/**
 * An image file as a device: read piece by piece, never loaded whole.
 *
 * @module
 */
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import { AxfsVolume } from '../fs/volume.ts';
import type { Host, OpenFile } from '../host/host.ts';
import { typeOfMode } from '../ondisk/mode.ts';
import type { FlashContents } from '../mtd/contents.ts';
import { createRamDevice } from '../mtd/ram.ts';

/** Contents of an open file. @throws AxfsError EIO when it got shorter meanwhile. */
function fileContents(file: OpenFile, size: number, name: string): FlashContents {
  return {
    size,
    view: (offset, length) => {
      const bytes = new Uint8Array(length);
      const got = file.readAt(bytes, offset);
      if (got !== length)
        throw new AxfsError(
          'EIO',
          `${name}: read ${String(got)} of ${String(length)} bytes at offset ${String(offset)}: the file got shorter`,
        );
      return bytes;
    },
  };
}

/**
 * Opens the image file at `path`, hands its volume to `use`, and closes the file.
 *
 * @throws AxfsError when the file cannot be read or is no AXFS image.
 */
export async function withImageFile<T>(
  host: Host,
  path: string,
  use: (volume: AxfsVolume) => T | Promise<T>,
): Promise<T> {
  const bytePath: ByteString = fromText(path);
  const name = toPrintable(bytePath);
  const { mode, size } = host.files.stat(bytePath);
  const type = typeOfMode(mode);
  if (type !== 'file')
    throw new AxfsError(
      'EINVAL',
      `${name}: is a ${type ?? 'thing of unknown type'}, expected an image file`,
    );
  const file = host.files.open(bytePath);
  try {
    const device = createRamDevice(name, fileContents(file, size, name));
    return await use(new AxfsVolume(device, { name, inflater: host.makeInflater() }));
  } finally {
    file.close();
  }
}
