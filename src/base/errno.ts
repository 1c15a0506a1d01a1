/**
 * Failures of the world: an image, an option, a file, a device. They carry an errno name for programs
 * and one sentence for people.
 *
 * @module
 */

/** errno names used here, with the kernel's numbers (include/uapi/asm-generic/errno*.h). */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EIO: 5,
  ENXIO: 6,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  ENAMETOOLONG: 36,
  ELOOP: 40,
  EBADMSG: 74,
  EOVERFLOW: 75,
  EOPNOTSUPP: 95,
  ESTALE: 116,
  EUCLEAN: 117,
} as const;

/** Name of an errno. */
export type Errno = keyof typeof ERRNO;

/** Something outside this program is wrong. `message` is one line: what, where, which value, what was expected. */
export class AxfsError extends Error {
  override readonly name = 'AxfsError';
  readonly code: Errno;

  constructor(code: Errno, message: string) {
    super(message);
    this.code = code;
  }
}
