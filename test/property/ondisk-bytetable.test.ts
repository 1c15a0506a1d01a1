import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteTable, encodeByteTable, minimalDepth } from '../../src/ondisk/bytetable.ts';

describe.each([1, 2, 3, 4, 5, 6, 7, 8])('depth %d', (depth) => {
  const largest = Math.min(Number.MAX_SAFE_INTEGER, 256 ** depth - 1);
  const value = fc
    .tuple(fc.maxSafeNat(), fc.constantFrom(1, 2 ** 8, 2 ** 16, 2 ** 32))
    .map(([n, scale]) => Math.min(largest, Math.floor(n / scale)) % (largest + 1))
    .map((n) => (Number.isSafeInteger(n) ? n : largest));

  test('entry k is big-endian in bytes k*depth … (section 4)', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 30 }), (values) => {
        const bytes = encodeByteTable(values, depth);
        expect(Buffer.from(bytes).toString('hex')).toBe(
          values
            .map((n) =>
              BigInt(n)
                .toString(16)
                .padStart(2 * depth, '0'),
            )
            .join(''),
        );
        const table = new ByteTable('t', bytes, depth);
        expect(table.length).toBe(values.length);
        expect(values.map((_, k) => table.get(k))).toEqual(values);
      }),
    );
  });

  test('arbitrary bytes are entries, or too large', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: depth, maxLength: 8 * depth }), (bytes) => {
        const table = new ByteTable('t', bytes, depth);
        for (let k = 0; k < table.length; k += 1) {
          const hex = Buffer.from(bytes.subarray(k * depth, (k + 1) * depth)).toString('hex');
          const exact = BigInt(`0x${hex}`);
          if (exact <= BigInt(Number.MAX_SAFE_INTEGER)) expect(BigInt(table.get(k))).toBe(exact);
          else expect(() => table.get(k)).toThrow(/exceeds 2\^53-1/);
        }
      }),
    );
  });
});

test('minimalDepth is the least depth that encodes the values', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 1, maxLength: 5 }),
      (values) => {
        const depth = minimalDepth(values);
        expect(encodeByteTable(values, depth)).toHaveLength(values.length * depth);
        if (depth > 1) expect(() => encodeByteTable(values, depth - 1)).toThrow();
      },
    ),
  );
});
