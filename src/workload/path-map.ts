/**
 * Paths of device and inode numbers, for recordings that name files only so. The map is made on the machine
 * that was recorded, before or after, by
 *
 *   find / -xdev -type f -printf '%D:%i %p\n' > paths.txt
 *
 * once for each mounted filesystem. `%D` is st_dev as one decimal number; the kernel's events print it as
 * major:minor. Lines may end in a zero byte instead (`\0`), for names with line ends.
 *
 * @module
 */
import { toPrintable, withoutMark } from '../base/bytestring.ts';
import type { ByteString } from '../base/bytestring.ts';
import { badLine, textRows } from './text-rows.ts';

/** Files by device and inode number. */
export interface PathMap {
  readonly files: number;
  /** Further names of files that have several: the first one counts. */
  readonly furtherNames: number;
  /** Devices, as `major:minor`. */
  readonly devices: ReadonlySet<string>;
  /** The path of inode `inode` (decimal digits) on `device`, `major:minor`. */
  path(device: string, inode: string): ByteString | undefined;
}

const ROW = /^([0-9]+):([0-9]+) (.+)$/s;
/** More than any device number has: major and minor are 32 bits each. */
const DEVICE_END = 2n ** 64n;

/**
 * `major:minor` of an st_dev as the C library has it: the low 8 bits of the minor number, 12 of the major
 * number, then the rest of both (glibc and musl, sys/sysmacros.h).
 */
export function deviceName(device: bigint): string {
  const minorHigh = (device / 2n ** 20n) % 2n ** 24n;
  const majorHigh = device / 2n ** 44n;
  const major = majorHigh * 2n ** 12n + ((device / 2n ** 8n) % 2n ** 12n);
  const minor = minorHigh * 2n ** 8n + (device % 2n ** 8n);
  return `${String(major)}:${String(minor)}`;
}

/**
 * Reads a map.
 *
 * @throws AxfsError EINVAL naming file and line when one is not `DEVICE:INODE PATH`.
 */
export function parsePathMap(bytes: Uint8Array, name: string): PathMap {
  const paths = new Map<string, ByteString>();
  const names = new Map<string, string>();
  const devices = new Set<string>();
  let furtherNames = 0;
  const text = withoutMark(bytes);
  for (const { text: row, line } of textRows(text, text.includes(0) ? 0 : undefined)) {
    if (row === '') continue;
    const [, device = '', inode = '', path = ''] = ROW.exec(row) ?? [];
    if (path === '' || BigInt(device) >= DEVICE_END)
      throw badLine(
        name,
        line,
        `'${toPrintable(row)}' is no file of a path map, expected DEVICE:INODE PATH as find -printf '%D:%i %p\\n' writes it`,
      );
    let known = names.get(device);
    if (known === undefined) names.set(device, (known = deviceName(BigInt(device))));
    devices.add(known);
    const key = `${known} ${String(BigInt(inode))}`;
    if (paths.has(key)) furtherNames += 1;
    else paths.set(key, path as ByteString);
  }
  return {
    files: paths.size,
    furtherNames,
    devices,
    path: (device, inode) => paths.get(`${device} ${inode}`),
  };
}
