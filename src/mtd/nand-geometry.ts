/**
 * What the sizes of a NAND device must be to each other.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { MtdInfo } from './device.ts';

/** @throws AxfsError EINVAL for pages, subpages, steps and blocks that do not divide each other. */
export function checkNandGeometry(info: MtdInfo): void {
  const { size, erasesize, writesize, subpageSize, eccStrength, eccStepSize } = info;
  const wholes: readonly (readonly [string, number, string, number])[] = [
    ['size', size, 'erasesize', erasesize],
    ['erasesize', erasesize, 'writesize', writesize],
    ['writesize', writesize, 'subpageSize', subpageSize],
    ...(eccStrength > 0 ? [['writesize', writesize, 'eccStepSize', eccStepSize] as const] : []),
  ];
  for (const [what, value, unit, divisor] of wholes)
    if (!(divisor > 0) || value % divisor !== 0)
      throw new AxfsError(
        'EINVAL',
        `${info.name}: ${what} is ${String(value)}, expected a multiple of its ${unit} of ${String(divisor)}`,
      );
}
