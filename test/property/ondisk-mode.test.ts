import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeRdev,
  encodeRdev,
  formatOf,
  modeText,
  permissionsOf,
} from '../../src/ondisk/mode.ts';

test('every 32-bit device number decodes and encodes to itself', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (value) => {
      const { major, minor } = decodeRdev(value);
      expect(encodeRdev({ major, minor })).toBe(value);
      expect(major).toBeLessThan(2 ** 12);
      expect(minor).toBeLessThan(2 ** 20);
    }),
  );
});

test('the two decoders of section 5.3 agree where the kernel decodes at all', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(255), (major, minor) => {
      expect(encodeRdev({ major, minor })).toBe(major * 256 + minor);
    }),
  );
});

test('a mode is its format and its permissions', () => {
  fc.assert(
    fc.property(fc.nat(0o177777), (mode) => {
      expect(formatOf(mode) + permissionsOf(mode)).toBe(mode);
    }),
  );
});

test('modeText is injective on known types', () => {
  const mode = fc
    .tuple(fc.constantFrom(1, 2, 4, 6, 8, 10, 12), fc.nat(0o7777))
    .map(([type, permissions]) => type * 0o10000 + permissions);
  fc.assert(
    fc.property(mode, mode, (a, b) => {
      expect(modeText(a) === modeText(b)).toBe(a === b);
      expect(modeText(a)).toHaveLength(10);
    }),
  );
});
