/**
 * An image file as a device: read piece by piece, never loaded whole.
 *
 * @module
 */
import { fromText, toPrintable } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { AxfsError } from '../base/errno.ts';
import type { CodecName } from '../codec/codecs.ts';
import type { Inflater } from '../codec/zlib.ts';
import type { SecondForm } from '../fs/source.ts';
import { AxfsVolume } from '../fs/volume.ts';
import type { Host, OpenFile } from '../host/host.ts';
import { typeOfMode } from '../ondisk/mode.ts';
import type { FlashContents } from '../mtd/contents.ts';
import type { MtdDevice } from '../mtd/device.ts';
import { createRamDevice } from '../mtd/ram.ts';
import { READING, allowWork } from './max-bytes.ts';

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

const SECOND_TEXT = 'holds what is behind mmap_size: that part alone, or a whole image';

/** For commands that read an image: `.option(...SECOND_DEVICE)`, and {@link SecondOption} of what it gives. */
export const SECOND_DEVICE = ['--second-device <file>', SECOND_TEXT] as const;

/** The same for each of two images, `--second-device-a` and `--second-device-b`. */
export const secondDeviceOf = (image: 'a' | 'b'): readonly [flags: string, text: string] => [
  `--second-device-${image} <file>`,
  `of <${image}>, ${SECOND_TEXT}`,
];

/** An image's file, and that of its second device if it is split over two. */
export interface ImagePaths {
  readonly image: string;
  readonly secondDevice?: string | undefined;
}

/** What {@link SECOND_DEVICE} gives. */
export type SecondOption = Pick<ImagePaths, 'secondDevice'>;

/** An image's files as devices. */
export interface ImageDevices {
  /** The image's name, for messages. */
  readonly name: string;
  readonly device: MtdDevice;
  readonly second?: MtdDevice;
}

async function withDevice<T>(
  host: Host,
  path: string,
  use: (device: MtdDevice, name: string) => T | Promise<T>,
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
    return await use(createRamDevice(name, fileContents(file, size, name)), name);
  } finally {
    file.close();
  }
}

/** Opens an image's file or files, hands them to `use`, and closes them. @throws AxfsError when one cannot be read. */
export const withImageDevices = <T>(
  host: Host,
  { image, secondDevice }: ImagePaths,
  use: (devices: ImageDevices) => T | Promise<T>,
): Promise<T> =>
  withDevice(host, image, (device, name) =>
    secondDevice === undefined
      ? use({ name, device })
      : withDevice(host, secondDevice, (second) => use({ name, device, second })),
  );

/** What a second device was taken for, for people. */
export const secondText = (name: string, form: SecondForm, from: number): string =>
  form === 'tail'
    ? `${name}: taken as the part of the image from byte ${String(from)} on`
    : `${name}: taken as a whole image, used from byte ${String(from)} on`;

/**
 * Opens the image file at `image`, hands its volume to `use`, and closes the file. What a second device was
 * taken for is said on standard error.
 *
 * @throws AxfsError when a file cannot be read or is no AXFS image.
 */
export function withImageFile<T>(
  host: Host,
  image: string | ImagePaths,
  use: (volume: AxfsVolume) => T | Promise<T>,
): Promise<T> {
  const paths = typeof image === 'string' ? { image } : image;
  return withImageDevices(host, paths, ({ device, ...rest }) => {
    const inflaterFor = (codec: CodecName): Inflater => host.makeInflater(codec);
    const inflater = host.makeInflater();
    const volume = new AxfsVolume(device, { ...rest, ...READING, inflater, inflaterFor });
    allowWork(volume, 0);
    const { second } = volume.image.source;
    if (second !== undefined)
      host.terminal.err(`axfs: ${secondText(second.device.info.name, second.form, second.from)}\n`);
    return use(volume);
  });
}
