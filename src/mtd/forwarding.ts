/**
 * What devices made of other devices share: failures said again by the name that was asked.
 *
 * @module
 */
import { AxfsError } from '../base/errno.ts';
import type { MtdDevice, MtdInfo } from './device.ts';

/** Part of a device: what another device has in place of `[offset, offset + size)` of its own. */
export interface Part {
  readonly device: MtdDevice;
  /** Of the device that the part is in. */
  readonly offset: number;
  readonly size: number;
}

/** Says a failure of the device below again, with the place that was asked for. Never returns. */
export function failAs(info: MtdInfo, at: number, failure: unknown): never {
  if (failure instanceof AxfsError)
    throw new AxfsError(failure.code, `${info.name} at ${String(at)}: ${failure.message}`);
  throw failure;
}
