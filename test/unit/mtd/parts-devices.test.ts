import { describe, expect, test } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { createDevice } from '../../../src/mtd/create-device.ts';
import { MTD_PARTS, MTD_PART_NAMES } from '../../../src/mtd/parts.ts';
import { deviceSuite } from './device-suite.ts';

/** Parts without the rows that a device is built from: their readings are not sourced. */
const UNBUILDABLE = ['s29gl512p'];

describe('the device suite, on every part of the table', () => {
  for (const name of MTD_PART_NAMES.filter((part) => !UNBUILDABLE.includes(part)))
    deviceSuite(name, (sink) => ({ device: createDevice(MTD_PARTS[name], { sink }) }));
});

test.each(UNBUILDABLE)('%s says which row is missing', (name) => {
  const part = MTD_PARTS[name as keyof typeof MTD_PARTS];
  expect(() => createDevice(part)).toThrow(AxfsError);
  expect(() => createDevice(part)).toThrow(/^part s29gl512p: 'read\.\w+' is unsourced/);
});
