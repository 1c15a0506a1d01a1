/**
 * st_mode and st_rdev as AXFS stores them.
 *
 * @module
 */

/** What an inode is. The names are those of the manifests. */
export const INODE_TYPES = [
  { type: 'fifo', format: 0o010000, letter: 'p' },
  { type: 'char', format: 0o020000, letter: 'c' },
  { type: 'dir', format: 0o040000, letter: 'd' },
  { type: 'block', format: 0o060000, letter: 'b' },
  { type: 'file', format: 0o100000, letter: '-' },
  { type: 'symlink', format: 0o120000, letter: 'l' },
  { type: 'socket', format: 0o140000, letter: 's' },
] as const;

/** Type of an inode. */
export type InodeType = (typeof INODE_TYPES)[number]['type'];

const FORMAT_UNIT = 0o010000;
const FORMATS = 16;

/** Type bits of a mode, as st_mode & S_IFMT. */
export const formatOf = (mode: number): number =>
  (Math.floor(mode / FORMAT_UNIT) % FORMATS) * FORMAT_UNIT;

/** Type of an inode by its mode, or `undefined` for bits that no type has. */
export const typeOfMode = (mode: number): InodeType | undefined =>
  INODE_TYPES.find((row) => row.format === formatOf(mode))?.type;

/** S_IFMT bits of a type. */
export const formatOfType = (type: InodeType): number =>
  INODE_TYPES.find((row) => row.type === type)?.format ?? 0;

/** Permission bits with setuid, setgid and sticky: mode & 07777. */
export const permissionsOf = (mode: number): number => mode % FORMAT_UNIT;

/** `ls -l` form, e.g. `-rwxr-xr-x`. */
export function modeText(mode: number): string {
  const bit = (weight: number): boolean => Math.floor(mode / weight) % 2 === 1;
  const letters = Array.from('rwxrwxrwx').map((letter, i) => (bit(2 ** (8 - i)) ? letter : '-'));
  const special = [
    { weight: 0o4000, at: 2, letter: 's' },
    { weight: 0o2000, at: 5, letter: 's' },
    { weight: 0o1000, at: 8, letter: 't' },
  ];
  for (const { weight, at, letter } of special)
    if (bit(weight)) letters[at] = letters[at] === 'x' ? letter : letter.toUpperCase();
  const row = INODE_TYPES.find((candidate) => candidate.format === formatOf(mode));
  return (row?.letter ?? '?') + letters.join('');
}

/** A device number. */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** Low 32 bits of glibc's dev_t: minor's low byte, 12 bits of major, minor's higher bits. */
export const encodeRdev = ({ major, minor }: DeviceNumber): number =>
  (minor % 256) + (major % 4096) * 256 + (Math.floor(minor / 256) % 4096) * 2 ** 20;

/** Inverse of {@link encodeRdev}. */
export const decodeRdev = (value: number): DeviceNumber => ({
  major: Math.floor(value / 256) % 4096,
  minor: (value % 256) + (Math.floor(value / 2 ** 20) % 4096) * 256,
});
